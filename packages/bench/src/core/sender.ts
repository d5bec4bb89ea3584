import { type AddressInfo, createServer, type Socket } from 'node:net'
import { serveOtherSide } from '../harness/other-side.ts'

/** Which of the two kinds of stream to send: see `receivers.ts`. */
export interface SenderOptions {
  readonly eventsAChunk: number
}

const eventsAWrite = 80
const distinctWrites = 13

await serveOtherSide(async ({ eventsAChunk }: SenderOptions) => {
  const writes = Array.from({ length: distinctWrites }, (_, write) => frame(eventsOf(write), eventsAChunk))
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

/** Some 190 bytes on the wire, as a market feed or a change stream sends them. */
function encodeEvent(index: number): string {
  const data = JSON.stringify({
    symbol: ['AAPL', 'AMZN', 'GOOG', 'IBM', 'MSFT'][index % 5],
    price: 100 + ((index * 7919) % 10_000) / 100,
    volume: 1000 + ((index * 104_729) % 90_000),
    side: index % 2 === 0 ? 'buy' : 'sell',
    venue: 'XNAS',
    at: 1_700_000_000_000 + index * 137,
    trader: `desk-${String(index % 97).padStart(3, '0')}`,
    note: 'continuous session trade, settled in 1 day',
  })
  return `id: ${String(index).padStart(7, '0')}\ndata: ${data}\n\n`
}

function eventsOf(write: number): string[] {
  return Array.from({ length: eventsAWrite }, (_, event) => encodeEvent(write * eventsAWrite + event))
}

/** Chunk framing made beforehand, so that this side is never the slower one. */
function frame(events: readonly string[], eventsAChunk: number): Buffer {
  let framed = ''
  for (let at = 0; at < events.length; at += eventsAChunk) {
    const chunk = events.slice(at, at + eventsAChunk).join('')
    framed += `${Buffer.byteLength(chunk).toString(16)}\r\n${chunk}\r\n`
  }
  return Buffer.from(framed)
}

/** As fast as the reader takes them; the events are rounded up to whole writes. */
function send(socket: Socket, events: number, writes: readonly Buffer[]): void {
  let left = Math.ceil(events / eventsAWrite)
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
