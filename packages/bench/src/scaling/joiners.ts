import { connect as connectPlain, type Socket } from 'node:net'
import { connect as connectSecure } from 'node:tls'
import { serveOtherSide } from '../harness/other-side.ts'

/** Opens so many connections to a sink, and answers when each has had its first block. */
export interface Join {
  readonly url: string
  readonly connections: number
}

/** So many are on their way at a time: a listener's backlog is short. */
const abreast = 50

/** Clients that cost next to nothing: sockets that ask once and read on, for as long as the process lives. */
const sockets: Socket[] = []

async function join({ url, connections }: Join): Promise<number> {
  const target = new URL(url)
  let left = connections
  await Promise.all(
    Array.from({ length: Math.min(abreast, connections) }, async () => {
      while (left-- > 0) await joinOne(target)
    }),
  )
  return sockets.length
}

function joinOne({ protocol, hostname, port, pathname, search }: URL): Promise<void> {
  return new Promise((resolve, reject) => {
    const place = { host: hostname, port: Number(port) }
    const socket =
      protocol === 'https:' ? connectSecure({ ...place, rejectUnauthorized: false }) : connectPlain(place)
    sockets.push(socket)
    socket.setEncoding('latin1').on('error', reject)
    socket.write(
      `GET ${pathname}${search} HTTP/1.1\r\nHost: ${hostname}\r\nAccept: text/event-stream\r\n\r\n`,
    )
    let text = ''
    const listen = (chunk: string): void => {
      text += chunk
      const body = text.indexOf('\r\n\r\n') + 4
      if (body < 4 || !text.includes('\n\n', body)) return
      if (!text.startsWith('HTTP/1.1 200')) reject(new Error(`expected a stream, got ${text.slice(0, 100)}`))
      socket.off('data', listen).resume()
      resolve()
    }
    socket.on('data', listen)
  })
}

await serveOtherSide<null, 'ready', Join, number>(async () => ({ ready: 'ready', answer: join }))
