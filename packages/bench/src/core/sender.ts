import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serveOtherSide } from '../harness/other-side.ts'

const distinctEvents = 1040
const eventsAWrite = 80

/** Some 190 bytes on the wire: an id of growing digits aside, what a market feed or a change stream sends. */
function encodeEvent(index: number): string {
  const data = JSON.stringify({
    symbol: ['AAPL', 'AMZN', 'GOOG', 'IBM', 'MSFT'][index % 5],
    price: 100 + ((index * 7919) % 10_000) / 100,
    volume: 1000 + ((index * 104_729) % 90_000),
    side: index % 2 === 0 ? 'buy' : 'sell',
    venue: 'XNAS',
    at: 1_700_000_000_000 + index * 137,
    trader: `desk-${String(index % 97).padStart(3, '0')}`,
    note: 'continuous session trade',
  })
  return `id: ${String(index).padStart(7, '0')}\ndata: ${data}\n\n`
}

/** Blocks of whole events, some 15 KB each, that are sent over and over. */
const blocks = Array.from({ length: distinctEvents / eventsAWrite }, (_, block) =>
  Buffer.from(
    Array.from({ length: eventsAWrite }, (_, event) => encodeEvent(block * eventsAWrite + event)).join(''),
  ),
)

// GET /?events=N sends N events as fast as the reader takes them, then ends.
const server = createServer((request, response) => {
  let left = Number(new URL(request.url ?? '/', 'http://localhost').searchParams.get('events'))
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  let block = 0
  const send = (): void => {
    while (left > 0) {
      const bytes = blocks[block++ % blocks.length] ?? Buffer.alloc(0)
      const whole = left >= eventsAWrite
      left -= eventsAWrite
      if (!response.write(whole ? bytes : firstEvents(bytes, left + eventsAWrite))) {
        response.once('drain', send)
        return
      }
    }
    response.end()
  }
  send()
})

function firstEvents(bytes: Buffer, count: number): Buffer {
  let at = 0
  for (let event = 0; event < count; event++) at = bytes.indexOf('\n\n', at) + 2
  return bytes.subarray(0, at)
}

await serveOtherSide(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { ready: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` }
})
