import type { MaybePromise } from '@rxsse/shared'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { copies } from '../../test/cluster-channel.ts'
import { ManualScheduler } from '../../test/manual-scheduler.ts'
import type { Permit } from '../access/limits.ts'
import { createClock } from '../connection/clock.ts'
import type { LogEntry, LogGap, LogPage } from '../log/event-log.ts'
import { memoryLog } from '../log/memory-log.ts'
import type { ClusterContext } from './context.ts'
import { PrimaryLog } from './primary.ts'
import type { Channel } from './protocol.ts'
import { WorkerLog } from './worker.ts'

/** What may happen next. `at` chooses the worker, among those that live. */
type Step =
  | { readonly do: 'append'; readonly at: number; readonly source?: number }
  | { readonly do: 'appendInPrimary'; readonly source?: number }
  | { readonly do: 'since'; readonly at: number; readonly after: number; readonly limit: number }
  | { readonly do: 'tail'; readonly at: number }
  | { readonly do: 'take'; readonly at: number }
  | { readonly do: 'release'; readonly at: number }
  | { readonly do: 'kill'; readonly at: number }
  | { readonly do: 'deliver'; readonly at: number; readonly to: 'primary' | 'worker' }
  | { readonly do: 'tick'; readonly at: number; readonly of: 'primary' | 'worker' }
  | { readonly do: 'add' }

const at = fc.nat({ max: 3 })
const source = fc.option(fc.nat({ max: 3 }), { nil: undefined })
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('append'), at, source }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('appendInPrimary'), source }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('since'),
      at,
      after: fc.nat({ max: 3 }),
      limit: fc.constantFrom(2, 30),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('tail'), at }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('take'), at }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('release'), at }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('kill'), at }) },
  {
    weight: 12,
    arbitrary: fc.record({ do: fc.constant('deliver'), at, to: fc.constantFrom('primary', 'worker') }),
  },
  {
    weight: 12,
    arbitrary: fc.record({ do: fc.constant('tick'), at, of: fc.constantFrom('primary', 'worker') }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('add') }) },
) as fc.Arbitrary<Step>

const MOST = 2

it('keeps to a model of one log, whatever happens in which order', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 2, max: 40 }),
      fc.constantFrom<keyof typeof copies>('json', 'advanced'),
      fc.boolean(),
      fc.array(step, { maxLength: 250, size: 'max' }),
      async (capacity, kind, slow, steps) => {
        const world = new World(capacity, copies[kind], slow)
        for (const next of steps) {
          world.run(next)
          await settle()
        }
        await world.finish()
      },
    ),
    { numRuns: 1_000 },
  )
})

/** One primary and its workers. Nothing moves but what a step moves. */
class World {
  /** What checks in callbacks found. */
  readonly #failures: unknown[] = []
  readonly #copy: (message: unknown) => unknown
  readonly #ticks: (() => void)[] = []
  readonly #context: ClusterContext
  readonly primary: PrimaryLog
  readonly base: ReturnType<typeof memoryLog>
  readonly #all: LogEntry[] = []
  /** The source of each append that has one. */
  readonly #sources = new Map<number, number>()
  #workers: Worker[] = []
  #appends = 0
  #answers = 0

  /** A slow log answers some ticks after it has done what it was asked for. */
  constructor(capacity: number, copy: (message: unknown) => unknown, slow: boolean) {
    this.#copy = copy
    this.base = memoryLog({ capacity })
    this.#context = {
      name: 'events',
      maxUnsent: 100,
      timeout: 1_000,
      clock: createClock(new ManualScheduler()),
      atEndOfTick: (work) => void this.#ticks.push(work),
      onError: (error) => {
        throw error
      },
    }
    this.primary = new PrimaryLog(
      {
        ...this.base,
        append: (...args) => {
          const entry = this.base.append(...args) as LogEntry
          if (entry.offset > this.#all.length) this.#all.push(entry)
          return slow ? this.#later(entry) : entry
        },
        since: (...args) => {
          const page = this.base.since(...args) as LogPage
          return slow ? this.#later(page) : page
        },
      },
      this.#context,
    )
    this.#add()
    this.#add()
  }

  run(step: Step): void {
    if (this.#failures.length > 0) throw this.#failures[0]
    const worker = this.#workers['at' in step ? step.at % Math.max(1, this.#workers.length) : 0]
    if (step.do === 'add') this.#add()
    else if (step.do === 'appendInPrimary') this.#append(this.primary, step.source)
    else if (worker === undefined) return
    else if (step.do === 'append') this.#append(worker.log, step.source, worker)
    else if (step.do === 'since') this.#since(worker, step.after, step.limit)
    else if (step.do === 'tail') worker.follow()
    else if (step.do === 'take') worker.take(() => this.#held())
    else if (step.do === 'release') worker.release()
    else if (step.do === 'kill') this.#kill(worker)
    else if (step.do === 'deliver') (step.to === 'worker' ? worker.toWorker : worker.toPrimary).shift()?.()
    else if (step.do === 'tick') (step.of === 'worker' ? worker.ticks : this.#ticks).shift()?.()
  }

  /** Everything arrives; then every tail has all there is, and permits are where the model has them. */
  async finish(): Promise<void> {
    for (const worker of this.#workers) worker.follow()
    await this.#drain()
    if (this.#failures.length > 0) throw this.#failures[0]
    for (const worker of this.#workers) {
      expect(worker.asked).toBe(worker.answered)
      expect(worker.position).toBe(this.#all.length)
    }
    for (const worker of [...this.#workers]) this.#kill(worker)
    const taken = Array.from({ length: MOST }, () => this.primary.permits.take('key', MOST))
    expect(taken).not.toContain(undefined)
    await this.primary.close()
  }

  async #drain(): Promise<void> {
    for (let idle = 0; idle < 3; ) {
      const works = [
        ...this.#ticks.splice(0),
        ...this.#workers.flatMap(({ ticks, toPrimary, toWorker }) => [
          ...ticks.splice(0),
          ...toPrimary.splice(0),
          ...toWorker.splice(0),
        ]),
      ]
      idle = works.length === 0 ? idle + 1 : 0
      for (const work of works) work()
      await settle()
    }
  }

  #add(): void {
    if (this.#workers.length < 4)
      this.#workers.push(new Worker(this.primary, this.#context, this.#copy, this.#all))
  }

  /** What it had sent may still arrive; what was on its way to it does not. */
  #kill(worker: Worker): void {
    this.#workers = this.#workers.filter((other) => other !== worker)
    for (const arrives of worker.toPrimary.splice(0, worker.toPrimary.length / 2)) arrives()
    this.primary.disconnected(worker.channel)
    worker.die()
  }

  #append(log: PrimaryLog | WorkerLog, source: number | undefined, worker?: Worker): void {
    const n = ++this.#appends
    if (source !== undefined) this.#sources.set(n, source)
    const data = `${n}`
    const sourceId = source === undefined ? undefined : `${source}`
    if (worker !== undefined) worker.asked++
    this.#check(log.append({ data, topic: 'message' }, 'all', { sourceId }), (entry) => {
      if (worker?.dead) throw new Error('a dead worker was answered')
      if (worker !== undefined) {
        worker.answered++
        // A worker's messages keep their order, but for those that were there before.
        if (entry.message.data === data) {
          expect(entry.offset).toBeGreaterThan(worker.lastAppended)
          worker.lastAppended = entry.offset
        }
      }
      expect(entry).toEqual(this.#all[entry.offset - 1])
      if (source === undefined) expect(entry.message.data).toBe(data)
      // It may be an entry that was there, of another call with the same source id.
      else expect(this.#sources.get(Number(entry.message.data))).toBe(source)
    })
  }

  #since(worker: Worker, after: number, limit: number): void {
    // What this worker has seen live is in the page, or the page ends before and says so.
    const seen = worker.position
    worker.asked++
    this.#check(worker.log.since(after, { limit }), (page) => {
      worker.answered++
      this.#judge(page, after, limit)
      if (seen !== undefined && after <= seen) expect(page.more || page.end >= seen).toBe(true)
    })
  }

  /** After one to four ticks: answers overtake one another. */
  #later<T>(value: T): Promise<T> {
    let ticks = 1 + ((this.#answers++ * 7) % 4)
    return new Promise((resolve) => {
      const wait = () => void this.#ticks.push(() => (--ticks === 0 ? resolve(value) : wait()))
      wait()
    })
  }

  #check<T>(value: MaybePromise<T>, check: (value: T) => void): void {
    Promise.resolve(value)
      .then(check)
      .catch((error: unknown) => this.#failures.push(error))
  }

  #judge({ entries, end, gap }: LogPage, after: number, limit: number): void {
    const start = gap === undefined ? after : gap.to.offset
    const wanted = this.#all.slice(start, start + limit).map(({ id }) => id)
    expect(entries.map(({ id }) => id)).toEqual(wanted.slice(0, entries.length))
    expect(end).toBe(start + entries.length)
  }

  #held(): number {
    return this.#workers.reduce((sum, { permits }) => sum + permits.length, 0)
  }
}

class Worker {
  readonly log: WorkerLog
  readonly channel: Channel
  readonly toPrimary: (() => void)[] = []
  readonly toWorker: (() => void)[] = []
  readonly ticks: (() => void)[] = []
  readonly permits: Permit[] = []
  /** Up to where the tail has come. */
  position: number | undefined
  lastAppended = 0
  asked = 0
  answered = 0
  dead = false
  readonly #all: readonly LogEntry[]
  #following = false
  /** The first entry that came before the position was known. */
  #early: number | undefined

  constructor(
    primary: PrimaryLog,
    context: ClusterContext,
    copy: (message: unknown) => unknown,
    all: readonly LogEntry[],
  ) {
    this.#all = all
    this.channel = {
      send: (message, sent) => {
        const copied = copy(message)
        this.toWorker.push(() => {
          this.log.receive(copied)
          sent()
        })
      },
    }
    const channel: Channel = {
      send: (message, sent) => {
        const copied = copy(message)
        this.toPrimary.push(() => {
          primary.receive(this.channel, copied)
          sent()
        })
      },
    }
    this.log = new WorkerLog(channel, {
      ...context,
      atEndOfTick: (work) => void this.ticks.push(work),
    })
  }

  follow(): void {
    if (this.#following) return
    this.#following = true
    const listener = (entries: readonly LogEntry[], gap?: LogGap) => this.#live(entries, gap)
    this.asked++
    void Promise.resolve(this.log.tail(listener)).then(({ position }) => {
      this.answered++
      // Entries may have come with the answer, before this is known.
      this.position ??= position.offset
      if (this.#early !== undefined) expect(this.#early).toBe(position.offset + 1)
    })
  }

  #live(entries: readonly LogEntry[], gap?: LogGap): void {
    let last = this.position
    if (last === undefined) {
      this.#early = entries[0]?.offset
      last = (entries[0]?.offset ?? 1) - 1
    }
    if (gap !== undefined) {
      expect(gap.reason).toBe('trimmed')
      expect(gap.to.offset).toBeGreaterThan(last)
      last = gap.to.offset
    }
    for (const entry of entries) {
      expect(entry.offset).toBe(last + 1)
      expect(entry.id).toBe(this.#all[entry.offset - 1]?.id)
      last = entry.offset
    }
    this.position = last
  }

  take(held: () => number): void {
    this.asked++
    void Promise.resolve(this.log.permits.take('key', MOST)).then((permit) => {
      this.answered++
      if (permit === undefined) return
      this.permits.push(permit)
      expect(held()).toBeLessThanOrEqual(MOST)
    })
  }

  release(): void {
    this.permits.pop()?.release()
  }

  die(): void {
    this.dead = true
    this.toPrimary.length = 0
    this.toWorker.length = 0
    this.ticks.length = 0
    this.permits.length = 0
  }
}

function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
