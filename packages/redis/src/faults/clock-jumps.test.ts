import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ConnectionState, fromEventSource, type SseEvent } from '@rxsse/core'
import { type EventLog, memoryLog, sqliteLog } from '@rxsse/server'
import { createResumingFeed, createScriptedServer, type Disconnect } from '@rxsse/testing'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { openClient, openNode } from '../../test/local-node.ts'
import { redisPath } from '../../test/redis.ts'
import { createRandom } from '../../test/seeded-random.ts'
import { setUpLog, setUpRedis } from '../../test/set-up.ts'
import { redisLog } from '../log/redis-log.ts'

const HOUR = 3_600_000
const realNow = Date.now

/** Sets the time of day. Timers do not depend on it. */
function setClock(by: number): void {
  vi.spyOn(Date, 'now').mockImplementation(() => realNow() + by)
}

/** Sets the clock an hour ahead, right, or an hour back, at random. */
function jump(random: () => number): void {
  setClock(HOUR * (Math.floor(random() * 3) - 1))
}

afterEach(() => vi.restoreAllMocks())

describe('if the clock of a client is set ahead and back', () => {
  it('at each of its connections, it gets every event once, in order, and reconnects only after a disconnect', async () => {
    const random = createRandom(7)
    const disconnects = Array.from({ length: 40 }, (): Disconnect => {
      const by = (['END', 'FIN', 'RST'] as const)[Math.floor(random() * 3)] ?? 'RST'
      return { part: 'body', bytes: Math.floor(random() * 2_000), by }
    })
    await using feed = await createResumingFeed({ messages: 1_000, disconnects })
    const seen: SseEvent[] = []
    let connections = 0
    const next = ({ status }: ConnectionState) => {
      if (status === 'connecting') connections++
      jump(random)
    }
    await new Promise<void>((complete, error) => {
      const options = { reconnect: { initialDelay: 2, minDelay: 1, maxDelay: 20 }, state: { next } }
      fromEventSource(feed.url, options).subscribe({ next: (event) => seen.push(event), error, complete })
    })
    expect(seen.map(({ lastEventId }) => lastEventId)).toEqual(
      Array.from({ length: 1_000 }, (_, n) => `${n + 1}`),
    )
    // One more for each disconnect, and one that gets the 204 response.
    expect(connections).toBeLessThanOrEqual(disconnects.length + 2)
  })

  it.each([HOUR, -HOUR])(
    'a silent connection is closed after its idle timeout (set by %i ms)',
    async (by) => {
      await using server = await createScriptedServer([
        { status: 200, body: ['data: 1\n\n', 'HOLD'] },
        { status: 200, body: ['data: 2\n\n', 'HOLD'] },
      ])
      const seen: string[] = []
      const subscription = fromEventSource(server.url, {
        timeouts: { idle: 100 },
        reconnect: { initialDelay: 1, minDelay: 1 },
      }).subscribe(({ data }) => {
        seen.push(data)
        setClock(by)
      })
      await expect.poll(() => seen.includes('2')).toBe(true)
      subscription.unsubscribe()
    },
  )
})

const logs: Record<string, () => Promise<EventLog> | EventLog> = {
  memoryLog: () => memoryLog(),
  sqliteLog: temporarySqliteLog,
  ...(redisPath !== undefined && { redisLog: temporaryRedisLog }),
}

it.each(Object.entries(logs))(
  'if the clock of a server is set ahead and back, the ids of a %s continue without a loss or a repetition',
  async (_, open) => {
    const log = await open()
    onTestFinished(() => log.close())
    const { id } = await log.head()
    const offsets: number[] = []
    for (let n = 0; n < 60; n++) {
      setClock(HOUR * ((n % 3) - 1))
      offsets.push((await log.append({ data: `${n}`, topic: '' }, 'all', { sourceId: `${n}` })).offset)
    }
    const { entries, gap } = await log.since(id, { limit: 100 })
    expect(gap).toBeUndefined()
    expect(entries.map(({ message }) => message.data)).toEqual(offsets.map((_, n) => `${n}`))
    expect(offsets).toEqual(offsets.toSorted((a, b) => a - b))
    setClock(-HOUR)
    const again = await log.append({ data: '0', topic: '' }, 'all', { sourceId: '0' })
    expect(again.offset).toBe(offsets[0])
  },
)

describe.skipIf(redisPath === undefined)('if the clock of a node is set ahead and back', () => {
  it('calls that wait for Redis end neither early nor never, and clients get every event once', async () => {
    const redis = await setUpRedis({ durable: true })
    const node = await openNode({ url: redis.url, key: 'jumps', timeout: '60s' })
    const client = await openClient(node.url)
    const published: Promise<unknown>[] = []
    for (let round = 0; round < 6; round++) {
      await redis.stop('SIGKILL')
      for (let n = 0; n < 20; n++) {
        setClock(HOUR * ((n % 3) - 1))
        published.push(node.sink.publish({ data: `${published.length}` }))
      }
      await redis.start()
      await Promise.all(published)
    }
    await expect.poll(() => client.events.length).toBeGreaterThanOrEqual(published.length)
    expect(client.data()).toEqual(published.map((_, n) => `${n}`))
    expect(client.connections).toBe(1)
  })

  it.each([HOUR, -HOUR])('a call without an answer ends at its timeout (set by %i ms)', async (by) => {
    const redis = await setUpRedis()
    const log = setUpLog({ url: redis.url, timeout: 1_000 })
    await log.append({ data: '1', topic: '' }, 'all')
    redis.pause()
    const began = performance.now()
    const append = log.append({ data: '2', topic: '' }, 'all')
    setClock(by)
    await expect(append).rejects.toMatchObject({ code: 'timeout' })
    expect(performance.now() - began).toBeGreaterThan(990)
    redis.resume()
  })
})

function temporarySqliteLog(): EventLog {
  const folder = mkdtempSync(join(tmpdir(), 'rxsse-clock-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return sqliteLog({ path: join(folder, 'log.db') })
}

async function temporaryRedisLog(): Promise<EventLog> {
  const redis = await setUpRedis()
  return redisLog({ url: redis.url, key: 'clock', timeout: '60s', onError: () => {} })
}
