import { type AddressInfo, createServer, type Socket } from 'node:net'
import { serveOtherSide } from '../harness/other-side.ts'

/** The kind of stream to send, see `receivers.ts`. */
export interface SenderOptions {
  readonly eventsPerChunk: number
}

const EVENTS_PER_WRITE = 80
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

/** An event of about 190 bytes, like those of a market feed or a change stream. */
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

function encodeEvents(write: number): string[] {
  return Array.from({ length: EVENTS_PER_WRITE }, (_, event) => encodeEvent(write * EVENTS_PER_WRITE + event))
}

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
