import { fromEventSource, type SseEvent } from '@rxsse/core'
import type { Subscription } from 'rxjs'
import type { LogEntry } from '../src/log/event-log.ts'
import { startProgram } from './cluster-program-control.ts'

export interface ClusterChaosOptions {
  /** Which worker is killed when, and where messages are published, follows from the seed. */
  readonly seed: number
  readonly seconds: number
  readonly clients: number
  /** Messages a second. */
  readonly rate: number
  /** Called as it goes on. */
  readonly onProgress?: (text: string) => void
}

export interface ClusterChaosReport {
  readonly seed: number
  readonly published: number
  /** Published again because a worker died before it answered. */
  readonly republished: number
  readonly delivered: number
  readonly connections: number
  readonly kills: number
  /** Empty if every client had every event once, in order. */
  readonly failures: readonly string[]
}

/**
 * Two workers, of which one or both are killed again and again, while messages are published at
 * them and at the primary. In the end every client must have every event once, in order.
 */
export async function clusterChaos({
  seed,
  seconds,
  clients,
  rate,
  onProgress = () => {},
}: ClusterChaosOptions): Promise<ClusterChaosReport> {
  const random = createRandom(seed)
  await using program = await startProgram()
  const counts = { republished: 0, delivered: 0, connections: 0, kills: 0 }
  const failures: string[] = []
  const readers = Array.from({ length: clients }, (_, n) => open(n))
  try {
    await until(() => counts.connections >= clients, 60_000)
    onProgress(`${counts.connections} connections`)
    const ends = Date.now() + seconds * 1_000
    const publishing = Promise.all(Array.from({ length: SOURCES }, (_, source) => publish(source, ends)))
    await kill(ends)
    onProgress(`${counts.kills} kills`)
    const sources = await publishing
    onProgress(`${sources.reduce((sum, count) => sum + count, 0)} published`)
    await judge(sources)
  } finally {
    for (const { subscription } of readers) subscription.unsubscribe()
  }
  return { seed, published: readers[0]?.seen.length ?? 0, ...counts, failures }

  function open(n: number): Reader {
    const seen: SseEvent[] = []
    const subscription = fromEventSource(program.url, {
      lastEventId: program.origin,
      // A connection that is handed to a worker as it is killed stays open, and nobody answers it.
      timeouts: { head: '3s' },
      reconnect: { initialDelay: 30, maxDelay: 500, minDelay: 10 },
      state: { next: ({ status }) => void (status === 'open' && counts.connections++) },
    }).subscribe({
      next(event) {
        counts.delivered++
        seen.push(event)
      },
      error: (error) => failures.push(`client ${n} ended: ${error}`),
    })
    return { seen, subscription }
  }

  /** Each message until it is acknowledged, then the next. Resolves to their number. */
  async function publish(source: number, ends: number): Promise<number> {
    let count = 0
    while (Date.now() < ends) {
      const sourceId = `${source}:${++count}`
      for (;;) {
        const places = [undefined, ...(await program.workers())]
        try {
          await program.publish({ data: sourceId, sourceId }, places[Math.floor(random() * places.length)])
          break
        } catch {
          counts.republished++
          await sleep(5)
        }
      }
      await sleep((1_000 * SOURCES * random() * 2) / rate)
    }
    return count
  }

  async function kill(ends: number): Promise<void> {
    while (Date.now() < ends) {
      await sleep(100 + 900 * random())
      const workers = await program.workers()
      const first = workers[Math.floor(random() * workers.length)]
      // Now and then both, so that nobody serves for a while.
      const victims = random() < 0.2 ? workers : [first]
      counts.kills += victims.length
      await Promise.all(victims.map((pid) => pid !== undefined && program.killWorker(pid)))
    }
  }

  async function judge(sources: readonly number[]): Promise<void> {
    const entries: LogEntry[] = []
    for (let from: string | number = program.origin; ; ) {
      const { page } = await program.ask({ since: from })
      if (page === undefined) throw new Error('the log cannot be read')
      entries.push(...page.entries)
      from = page.end
      if (!page.more) break
    }
    const held = entries.map(({ message }) => message.data)
    for (const [source, count] of sources.entries()) {
      const own = held.filter((data) => data.startsWith(`${source}:`))
      const wanted = Array.from({ length: count }, (_, n) => `${source}:${n + 1}`)
      if (own.join() !== wanted.join()) failures.push(`source ${source} is not in the log once, in order`)
    }
    await until(() => readers.every(({ seen }) => seen.length >= held.length), 60_000)
    readers.forEach(({ seen }, n) => {
      const at = held.findIndex(
        (data, i) => seen[i]?.data !== data || seen[i]?.lastEventId !== entries[i]?.id,
      )
      if (at === -1 && seen.length === held.length) return
      failures.push(`client ${n} has ${seen.length} of ${held.length}, the first that differs is ${at}`)
    })
  }
}

interface Reader {
  readonly seen: readonly SseEvent[]
  readonly subscription: Subscription
}

const SOURCES = 8

async function until(condition: () => boolean, patience: number): Promise<void> {
  for (const ends = Date.now() + patience; !condition() && Date.now() < ends; ) await sleep(20)
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}

/** mulberry32: numbers from [0, 1). */
function createRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}
