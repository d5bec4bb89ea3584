import { connect as connectPlain, type Socket } from 'node:net'
import { connect as connectSecure } from 'node:tls'
import { serveOtherSide } from '../harness/other-side.ts'

/** Opens this many connections to a sink, and answers once each has its first line, or all it has missed. */
export interface Join {
  readonly url: string
  readonly connections: number
}

/** Connections that open at the same time: the backlog of a listener is short. */
const MAX_OPENING = 50

/** Cheap clients: sockets that send one request and read until the process exits. */
const sockets: Socket[] = []

async function join({ url, connections }: Join): Promise<number> {
  const target = new URL(url)
  let left = connections
  await Promise.all(
    Array.from({ length: Math.min(MAX_OPENING, connections) }, async () => {
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
      // A sink without a log has only a reconnection time to say. It goes on with the first event.
      if (body < 4 || !FIRST.test(text.slice(body))) return
      if (!text.startsWith('HTTP/1.1 200')) reject(new Error(`expected a stream, not ${text.slice(0, 100)}`))
      socket.off('data', listen).resume()
      resolve()
    }
    socket.on('data', listen)
  })
}

/** The end of a block, or a chunk with only a reconnection time. */
const FIRST = /\n\n|retry: \d+\n\r\n/

await serveOtherSide<null, 'ready', Join, number>(async () => ({ ready: 'ready', answer: join }))
