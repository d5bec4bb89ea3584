import { type AddressInfo, createServer, type Socket } from 'node:net'
import { serveOtherSide } from '../harness/other-side.ts'
import { EVENTS_PER_WRITE, encodeEvents } from './events.ts'

/** The kind of stream to send, see `receivers.ts`. */
export interface SenderOptions {
  readonly eventsPerChunk: number
}

const DISTINCT_WRITES = 13

await serveOtherSide(async ({ eventsPerChunk }: SenderOptions) => {
  const writes = Array.from({ length: DISTINCT_WRITES }, (_, write) =>
    frame(encodeEvents(write), eventsPerChunk),
  )
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => {})
    let request = ''
    socket.on('data', (bytes) => {
      request += bytes
      const [, events] = /^GET \/\?events=(\d+) /.exec(request) ?? []
      if (events !== undefined && request.endsWith('\r\n\r\n')) send(socket, Number(events), writes)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { ready: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` }
})

/** Frames the chunks in advance, so that the sender is never the slower side. */
function frame(events: readonly string[], eventsPerChunk: number): Buffer {
  let framed = ''
  for (let at = 0; at < events.length; at += eventsPerChunk) {
    const chunk = events.slice(at, at + eventsPerChunk).join('')
    framed += `${Buffer.byteLength(chunk).toString(16)}\r\n${chunk}\r\n`
  }
  return Buffer.from(framed)
}

/** Sends events as fast as the client reads them, rounded up to whole writes. */
function send(socket: Socket, events: number, writes: readonly Buffer[]): void {
  let left = Math.ceil(events / EVENTS_PER_WRITE)
  socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n')
  const more = (): void => {
    while (left > 0) {
      const bytes = writes[left-- % writes.length] ?? Buffer.alloc(0)
      if (!socket.write(bytes)) {
        socket.once('drain', more)
        return
      }
    }
    socket.write('0\r\n\r\n')
  }
  more()
}
