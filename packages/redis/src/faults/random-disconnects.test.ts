import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fetchTransport, fromEventSource, type SseEvent, type Transport } from '@rxsse/core'
import { createSink, type EventLog, memoryLog, type SinkOptions, sqliteLog } from '@rxsse/server'
import { createFaultProxy, type Fault, type FaultPlan } from '@rxsse/testing'
import { expect, it, onTestFinished } from 'vitest'
import { redisPath } from '../../test/redis.ts'
import { createRandom } from '../../test/seeded-random.ts'
import { setUpRedis } from '../../test/set-up.ts'
import { redisLog } from '../log/redis-log.ts'

/** With each log. `LONG_TESTS=1` makes it 1,000. */
const DISCONNECTS = process.env.LONG_TESTS === '1' ? 1_000 : 250

interface Pair {
  readonly log: () => EventLog | Promise<EventLog>
  readonly transport?: Transport
  readonly sink?: SinkOptions
}

const pairs: Record<string, Pair> = {
  'a memoryLog': { log: () => memoryLog({ capacity: 1_000_000 }) },
  'a sqliteLog, with fetch': { log: temporarySqliteLog, transport: fetchTransport() },
  'a memoryLog, with socket takeover': {
    log: () => memoryLog({ capacity: 1_000_000 }),
    sink: { takeover: true },
  },
  ...(redisPath !== undefined && { 'a redisLog': { log: temporaryRedisLog } }),
}

it.each(Object.entries(pairs))(
  `over ${DISCONNECTS} disconnects at random bytes of requests and responses, a client of a sink with %s gets every event once, in order`,
  { timeout: 300_000 },
  async (name, { log: open, transport, sink: options }) => {
    const log = await open()
    const origin = await log.head()
    const sink = createSink({ log, retry: false, heartbeat: { interval: 20 }, ...options })
    const server = createServer(sink.handler).listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(async () => {
      await sink.close({ drain: 0 })
      server.closeAllConnections()
      server.close()
    })
    const address = server.address()
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0
    const isCut = () => proxy.connections.filter(({ endedBy }) => endedBy === 'cut' || endedBy === 'reset')
    let enough = false
    const proxy = await createFaultProxy({ target: port, plan: (...of) => (enough ? [] : disconnect(...of)) })
    onTestFinished(() => proxy.close())
    const random = createRandom(proxy.seed)
    const began = performance.now()

    const seen: SseEvent[] = []
    const failures: unknown[] = []
    const subscription = fromEventSource(proxy.url, {
      lastEventId: origin.id,
      reconnect: { initialDelay: 1, factor: 1, minDelay: 1 },
      ...(transport && { transport }),
    }).subscribe({ next: (event) => seen.push(event), error: (error) => failures.push(error) })
    onTestFinished(() => subscription.unsubscribe())

    const sent: SseEvent[] = []
    while (isCut().length < DISCONNECTS && failures.length === 0) {
      // The log keeps the events of a time without a connection. The limit lets the client catch up.
      for (let burst = random() * 6; burst > 1 && sent.length < seen.length + 100; burst--) {
        const message = createMessage(sent.length, random)
        const { id } = await sink.publish(message)
        sent.push({ ...message, lastEventId: id ?? '' })
      }
      await new Promise((resolve) => setTimeout(resolve, random() * 4))
    }
    enough = true
    proxy.drop('reset')
    const { id } = await sink.publish({ data: 'the end' })
    sent.push({ type: 'message', data: 'the end', lastEventId: id ?? '' })
    await expect.poll(() => seen.at(-1)?.data === 'the end' || failures.length > 0).toBe(true)

    expect(failures).toEqual([])
    expect(seen).toEqual(sent)
    const seconds = ((performance.now() - began) / 1_000).toFixed(1)
    console.info(`${name}: ${isCut().length} disconnects, ${sent.length} events, ${seconds} s`)
  },
)

/** A request has about 250 bytes, the head of a response about 300. So disconnects happen in all parts and in events. */
const disconnect: FaultPlan = (_, random): Fault[] => {
  const kind = random() < 0.5 ? 'cut' : 'reset'
  const answers: Fault = { kind, direction: 'to-client', after: Math.floor(random() * 2_500) }
  // If the request is shorter, only the response is cut.
  const requests: Fault = { kind, direction: 'to-server', after: Math.floor(random() * 250) }
  return random() < 0.2 ? [requests, answers] : [answers]
}

/** Messages with several lines and with multi-byte characters, so that disconnects happen within those too. */
function createMessage(n: number, random: () => number): { type: string; data: string } {
  const text = ['plain', 'two\nlines', 'naïve 日本 😀', 'x'.repeat(400)][Math.floor(random() * 4)]
  return { type: random() < 0.5 ? 'message' : 'price', data: `${n} ${text}` }
}

function temporarySqliteLog(): EventLog {
  const folder = mkdtempSync(join(tmpdir(), 'rxsse-disconnects-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return sqliteLog({ path: join(folder, 'log.db') })
}

async function temporaryRedisLog(): Promise<EventLog> {
  const redis = await setUpRedis()
  return redisLog({ url: redis.url, key: 'disconnects', timeout: '60s', onError: () => {} })
}
