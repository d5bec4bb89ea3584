import { fromEventSource, type SseEvent } from '@rxsse/core'
import type { LogEntry } from '@rxsse/server'
import type { Subscription } from 'rxjs'
import { redisLog } from '../src/index.ts'
import { type Node, startNode } from './node-process.ts'
import { startRedis } from './redis.ts'
import { createRandom } from './seeded-random.ts'

export interface ChaosOptions {
  /** Determines which nodes are killed and when, who publishes what, and where clients connect. */
  readonly seed: number
  readonly seconds: number
  readonly clients: number
  /** Events per second of all sources together. */
  readonly rate: number
  /** Whether Redis is paused, killed and restarted too. It keeps its data. */
  readonly redisFaults: boolean
}

export interface ChaosReport {
  readonly seed: number
  readonly published: number
  /** How often an event was published again because a node died before it answered. */
  readonly republished: number
  readonly delivered: number
  readonly connections: number
  readonly kills: number
  readonly redisFaults: number
  /** Violations. Empty if every client got every event once, in order. */
  readonly failures: readonly string[]
}

/**
 * Runs three nodes on one Redis, with clients at any node and sources at two of them, while nodes are killed and
 * restarted. Then checks that every client got every event once, in the order of the log.
 */
export async function chaos({
  seed,
  seconds,
  clients,
  rate,
  redisFaults,
}: ChaosOptions): Promise<ChaosReport> {
  const random = createRandom(seed)
  const redis = await startRedis({ durable: true })
  const key = `chaos-${seed}`
  const nodes = await Promise.all([1, 2, 3].map(() => startNode(redis.url, key)))
  const log = redisLog({ url: redis.url, key, timeout: '60s', onError: () => {} })
  const origin = await log.head()
  const counts = { republished: 0, delivered: 0, connections: 0, kills: 0, redisFaults: 0 }
  const failures: string[] = []
  const readers: Reader[] = []
  let over = false

  try {
    await Promise.all(nodes.map(({ following }) => following))
    for (let n = 0; n < clients; n++) readers.push(openClient(n, undefined))
    await until(() => readers.every(({ opened }) => opened))
    const ends = Date.now() + seconds * 1_000
    const acknowledged = Promise.all(Array.from({ length: SOURCES }, (_, n) => publishing(n, ends)))
    const disturbances = [killing(ends), changing(ends)]
    if (redisFaults) disturbances.push(disturbing(ends))
    const sources = await acknowledged
    await Promise.all(disturbances)
    await judge(sources)
  } finally {
    over = true
    for (const { subscription } of readers) subscription.unsubscribe()
    await Promise.all(nodes.map((node) => node.kill()))
    await log.close()
    await redis.close()
  }
  return { seed, published: readers[0]?.seen.length ?? 0, ...counts, failures }

  function openClient(n: number, lastEventId: string | undefined): Reader {
    const choose = createRandom(seed * 1_000 + n)
    const seen: SseEvent[] = []
    const reader: Reader = {
      seen,
      opened: false,
      left: false,
      subscription: undefined as unknown as Subscription,
    }
    const url = () => `${pick(nodes, choose).url}?as=${n}`
    const options = {
      reconnect: { initialDelay: 30, maxDelay: 300, minDelay: 10 },
      ...(lastEventId === undefined ? {} : { lastEventId }),
      state: {
        next({ status }: { status: string }) {
          if (status !== 'open') return
          reader.opened = true
          counts.connections++
        },
      },
    }
    reader.subscription = fromEventSource(url, options).subscribe({
      next(event) {
        counts.delivered++
        seen.push(event)
      },
      error: (error) => failures.push(`client ${n} ended: ${error}`),
    })
    return reader
  }

  /** Publishes the events of one source, each until a node has acknowledged it. Returns their number. */
  async function publishing(source: number, ends: number): Promise<number> {
    const choose = createRandom(seed * 1_000 + 900 + source)
    let count = 0
    while (Date.now() < ends) {
      const sourceId = `${source}:${++count}`
      for (;;) {
        const node = pick(nodes.slice(0, 2), choose)
        try {
          await node.publish({ data: sourceId, sourceId })
          break
        } catch {
          counts.republished++
          await sleep(5)
        }
      }
      await sleep((1_000 * SOURCES * choose() * 2) / rate)
    }
    return count
  }

  async function killing(ends: number): Promise<void> {
    while (Date.now() < ends) {
      await sleep(100 + 900 * random())
      const up = nodes.filter(({ isUp }) => isUp)
      const restart = async (node: Node, after: number) => {
        await node.kill()
        counts.kills++
        await sleep(after)
        await node.start()
      }
      const restarts = [restart(pick(up, random), 400 * random())]
      // Sometimes a second one, so that only one of three is up.
      const other = pick(up, random)
      if (random() < 0.2 && other.isUp) restarts.push(restart(other, 200 * random()))
      await Promise.all(restarts)
    }
  }

  /** Some clients leave for good. Others come late and want everything from the beginning. */
  async function changing(ends: number): Promise<void> {
    const changes = clients / 10
    for (let n = 0; n < changes && Date.now() < ends; n++) {
      await sleep((seconds * 1_000) / (changes + 1))
      const leaving = readers[1 + Math.floor(random() * (clients - 1))]
      if (leaving !== undefined) {
        leaving.left = true
        leaving.subscription.unsubscribe()
      }
      readers.push(openClient(clients + n, origin.id))
    }
  }

  async function disturbing(ends: number): Promise<void> {
    while (Date.now() < ends) {
      await sleep(500 + 2_500 * random())
      counts.redisFaults++
      if (random() < 0.5) {
        redis.pause()
        await sleep(1_000 * random())
        redis.resume()
      } else {
        await redis.stop(random() < 0.5 ? 'SIGKILL' : 'SIGTERM')
        await sleep(500 * random())
        await redis.start()
      }
    }
  }

  async function judge(sources: readonly number[]): Promise<void> {
    const wanted = sources.flatMap((count, source) =>
      Array.from({ length: count }, (_, n) => `${source}:${n + 1}`),
    )
    const entries: LogEntry[] = []
    for (let from: string | number = origin.id; ; ) {
      const page = await log.since(from, 1_000)
      if (page.gap !== undefined) failures.push(`the log has a gap: ${JSON.stringify(page.gap)}`)
      entries.push(...page.entries)
      from = page.end
      if (!page.more) break
    }
    const held = entries.map(({ message }) => message.data)
    if (new Set(held).size !== held.length) failures.push('the log has an event twice')
    if (wanted.length !== held.length)
      failures.push(`${wanted.length} were acknowledged, the log has ${held.length}`)
    for (let source = 0; source < SOURCES; source++) {
      const own = held
        .filter((data) => data.startsWith(`${source}:`))
        .map((data) => Number(data.split(':')[1]))
      if (own.some((n, at) => n !== at + 1)) failures.push(`source ${source} is out of order in the log`)
    }

    const patience = Date.now() + 30_000
    const isDone = ({ seen, left }: Reader) => left || seen.length >= held.length
    await until(() => over || readers.every(isDone) || Date.now() > patience)
    readers.forEach(({ seen, left }, n) => {
      const expected = left ? held.slice(0, seen.length) : held
      const at = expected.findIndex(
        (data, i) => seen[i]?.data !== data || seen[i]?.lastEventId !== entries[i]?.id,
      )
      if (at === -1 && seen.length === expected.length) return
      const where = at === -1 ? expected.length : at
      const around = JSON.stringify(seen.slice(Math.max(0, where - 1), where + 2))
      failures.push(
        `client ${n} has ${seen.length} of ${expected.length}; at ${where} it has ${around}, not ${expected[where]}`,
      )
    })
  }
}

interface Reader {
  readonly seen: SseEvent[]
  opened: boolean
  left: boolean
  subscription: Subscription
}

const SOURCES = 8

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5)
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}

function pick<T>(from: readonly T[], random: () => number): T {
  return from[Math.floor(random() * from.length)] as T
}
