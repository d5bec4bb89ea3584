// The source of the soak test: numbered readings as fast as the client reads them, after its last event ID.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serveOtherSide } from '../harness/other-side.ts'

/** The number of readings, and the number after which each connection is cut. */
export interface FeedSize {
  readonly readings: number
  readonly cutAfter: number
}

export interface Reading {
  readonly n: number
  readonly sensor: string
  readonly at: number
  readonly value: number
}

await serveOtherSide<FeedSize, string>(async ({ readings, cutAfter }) => {
  const server = createServer(async (request, response) => {
    let n = Number(request.headers['last-event-id'] ?? 0)
    if (n >= readings) return void response.writeHead(204).end()
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    response.write('retry: 10\n\n')
    const gone = new AbortController()
    response.once('close', () => gone.abort())
    const cut = Math.min(readings, n + cutAfter)
    while (n < cut && !response.destroyed) {
      let blocks = ''
      for (let count = 0; count < 50 && n < cut; count++) blocks += encodeReading(++n)
      if (!response.write(blocks)) await once(response, 'drain', gone).catch(() => {})
    }
    response.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { ready: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` }
})

/** The readings have a rate of 100 a second, from 50 sensors. */
function encodeReading(n: number): string {
  const reading: Reading = {
    n,
    sensor: `sensor-${n % 50}`,
    at: 1_700_000_000_000 + n * 10,
    value: ((n * 7919) % 1_000) / 10,
  }
  return `id: ${n}\nevent: reading\ndata: ${JSON.stringify(reading)}\n\n`
}
