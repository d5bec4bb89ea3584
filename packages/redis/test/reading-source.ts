import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createRandom } from './seeded-random.ts'

/** An event of the source. Some come twice, with another event ID. */
export interface Reading {
  readonly n: number
  readonly key: string
  readonly time: number
  readonly value: number
}

export const WINDOW = 200
export const OUT_OF_ORDER = 100
const KEYS = 24

/** The same readings for the same seed. The last one of each key is so late in time that it ends all windows before it. */
export function createReadings(seed: number, count: number): Reading[] {
  const random = createRandom(seed)
  const readings: Reading[] = []
  for (let n = 1; n <= count; n++) {
    const earlier = readings.at(-3)
    if (earlier !== undefined && random() < 0.15) readings.push(earlier)
    else {
      readings.push({
        n,
        key: `key${Math.floor(random() * KEYS)}`,
        time: 100_000 + n * 10 - Math.floor(random() * 40),
        value: Math.floor(random() * 1_000),
      })
    }
  }
  for (let k = 0; k < KEYS; k++) readings.push({ n: count + 1 + k, key: `key${k}`, time: 1e9, value: 0 })
  return readings
}

/** What the pipeline of a shard makes of the readings: each window of a key, and each reading with the one before it. */
export function computeResults(readings: readonly Reading[]): string[] {
  const windows = new Map<string, { n: number; sum: number }>()
  const before = new Map<string, number>()
  const seen = new Set<number>()
  const results: string[] = []
  for (const { n, key, time, value } of readings) {
    results.push(formatPair(key, before.get(key), n))
    before.set(key, n)
    if (seen.has(n) || time === 1e9) continue
    seen.add(n)
    const name = `${key} ${Math.floor(time / WINDOW) * WINDOW}`
    const { n: count, sum } = windows.get(name) ?? { n: 0, sum: 0 }
    windows.set(name, { n: count + 1, sum: sum + value })
  }
  for (const [name, { n, sum }] of windows) results.push(`${name} n=${n} sum=${sum}`)
  return results
}

export function formatPair(key: string, before: number | undefined, now: number): string {
  return `${key} ${before}-${now}`
}

/** An event stream that goes on after any event. */
export interface ReadingSource {
  readonly url: string
  /** Begins to send. */
  begin(): void
  close(): Promise<void>
}

/** Sends `perSecond` readings from `begin` on, and earlier ones at once. It never ends. */
export async function startReadingSource(
  readings: readonly Reading[],
  perSecond: number,
): Promise<ReadingSource> {
  let began = Number.POSITIVE_INFINITY
  const server = createServer((request, response) => {
    let next = Number(request.headers['last-event-id'] ?? 0)
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    const send = () => {
      const seconds = Math.max(0, performance.now() - began) / 1_000
      const due = Math.min(readings.length, Math.floor(seconds * perSecond))
      const blocks: string[] = []
      for (; next < due; next++) blocks.push(`id: ${next + 1}\ndata: ${JSON.stringify(readings[next])}\n\n`)
      response.write(blocks.length === 0 ? ':\n' : blocks.join(''))
    }
    send()
    const timer = setInterval(send, 25)
    response.on('close', () => clearInterval(timer))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    begin() {
      began = performance.now()
    },
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}
