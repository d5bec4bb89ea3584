import type { Snapshot, SnapshotStore, SseEvent } from '@rxsse/shared'
import { VirtualClock } from '@rxsse/testing/virtual-time'
import fc from 'fast-check'
import { identity, type MonoTypeOperatorFunction, map, Observable, type SchedulerLike } from 'rxjs'
import { buildJob } from '../src/job/create-job.ts'
import type { DeliverOptions, JobPipeline } from '../src/job/job-pipeline.ts'

/** An event of a test. */
export interface Reading {
  readonly id: string
  readonly key: number
  readonly time: number
  readonly value: number
}

/** What happens in a feed: an event at each time, in order. */
export type Script = readonly { readonly at: number; readonly reading: Omit<Reading, 'id'> }[]

export type Pipeline = (
  readings: readonly Observable<Reading>[],
  job: JobPipeline,
  clock: VirtualClock,
) => Observable<unknown>

/** How processes and disks fail. */
export interface Faults {
  /** How long each process lives, and how long it takes until the next one starts. The last one lives on. */
  readonly lives: readonly { readonly life: number; readonly pause: number }[]
  /** How long each save takes, and what happens to it. They are used in turn. */
  readonly saves: readonly { readonly takes: number; readonly outcome: 'early' | 'late' | 'fails' }[]
  /** How long each delivery takes. */
  readonly deliveries: readonly number[]
  readonly every: number
  /** How much of a snapshot is copied in a turn. */
  readonly bytesPerTurn: number
}

export const faults: fc.Arbitrary<Faults> = fc.record({
  lives: fc.array(fc.record({ life: fc.nat(300), pause: fc.nat(100) }), { maxLength: 5 }),
  saves: fc.array(
    fc.record({ takes: fc.nat(40), outcome: fc.constantFrom('early', 'late', 'late', 'fails') }),
    { minLength: 1, maxLength: 4 },
  ),
  deliveries: fc.array(fc.nat(20), { minLength: 1, maxLength: 4 }),
  every: fc.integer({ min: 5, max: 80 }),
  bytesPerTurn: fc.constantFrom(1, 300, 100_000),
})

export const scripts = (length = 40): fc.Arbitrary<Script> =>
  fc
    .array(
      fc.record({
        wait: fc.nat(20),
        lag: fc.nat(30),
        key: fc.nat(4),
        value: fc.double({ min: -1000, max: 1000, noNaN: true }),
      }),
      { minLength: 1, maxLength: length },
    )
    .map((steps) => {
      let at = 0
      return steps.map(({ wait, lag, key, value }) => {
        at += wait
        return { at, reading: { key, value, time: 1000 + at - lag } }
      })
    })

/**
 * What a log that is idempotent by source id holds in the end: the results by id, in the order of their first append. The feeds
 * complete after each number of events in `ends`. Then the job has completed, and runs again with more events.
 */
export async function runJob(
  pipeline: Pipeline,
  feeds: readonly Script[],
  { lives, saves, deliveries, every, bytesPerTurn }: Faults,
  {
    ends = [],
    shards,
    ...options
  }: DeliverOptions & { readonly ends?: readonly number[]; readonly shards?: number } = {},
): Promise<ReadonlyMap<string, unknown>> {
  const clock = new VirtualClock()
  const log = new Map<string, unknown>()
  const disks = Array.from({ length: shards ?? 0 }, () => createFaultyDisk(clock, saves))
  const openDisk = createFaultyDisk(clock, saves)
  const openStore = (life: Process): SnapshotStore => ({
    ...openDisk(life),
    shard: (index) => (disks[index] as typeof openDisk)(life),
  })
  let delivered = 0
  const start = (end: number) => {
    const life: Process = { isAlive: true }
    const job = buildJob({ store: openStore(life), every, scheduler: createSlowTurns(clock) }, bytesPerTurn)
    const connect = (part: JobPipeline, own: MonoTypeOperatorFunction<Reading>) => {
      const readings = feeds.map((script, number) =>
        part
          .feed(`feed${number}`, ({ lastEventId }) => replay(script.slice(0, end), lastEventId, clock))
          .pipe(
            map(({ data }) => JSON.parse(data) as Reading),
            own,
          ),
      )
      const deliver = part.deliver((value: unknown, { id }) => {
        if (!log.has(id)) log.set(id, structuredClone(value))
        const takes = deliveries[delivered++ % deliveries.length] as number
        return takes === 0 ? undefined : after(clock, takes)
      }, options)
      return pipeline(readings, part, clock).pipe(deliver)
    }
    const whole =
      shards === undefined
        ? connect(job, identity)
        : job.shards(shards, (shard) =>
            connect(
              shard,
              shard.own((reading) => reading.key % 3),
            ),
          )
    const run = { isOver: false, error: undefined as unknown }
    const subscription = whole.subscribe({
      error: (error: unknown) => {
        run.error = error
        run.isOver = true
      },
      complete: () => {
        run.isOver = true
      },
    })
    return { run, subscription, life }
  }

  for (const end of [...ends, Number.POSITIVE_INFINITY]) {
    for (const { life, pause } of lives) {
      const { run, subscription, life: process } = start(end)
      await advance(clock, life, () => run.isOver)
      if (run.error !== undefined) throw run.error
      process.isAlive = false
      subscription.unsubscribe()
      await advance(clock, pause)
    }
    const { run, life: process } = start(end)
    await advance(clock, 20_000, () => run.isOver)
    if (run.error !== undefined) throw run.error
    if (!run.isOver) throw new Error('the job has not ended')
    process.isAlive = false
  }
  return log
}

export const NO_FAULTS: Faults = {
  lives: [],
  saves: [{ takes: 0, outcome: 'early' }],
  deliveries: [0],
  every: 50,
  bytesPerTurn: 100_000,
}

/** Virtual time, with turns for promises. */
async function advance(clock: VirtualClock, by: number, isOver: () => boolean = () => false): Promise<void> {
  const end = clock.now() + by
  await turn()
  while (clock.now() < end && !isOver()) {
    clock.advanceTo(Math.min(end, clock.now() + 5))
    await turn()
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

function after(clock: VirtualClock, delay: number): Promise<void> {
  return new Promise((resolve) => {
    clock.schedule(() => resolve(), delay)
  })
}

/** Events come between two turns of a job. */
function createSlowTurns(clock: VirtualClock): SchedulerLike {
  return {
    now: () => clock.now(),
    schedule: <T>(work: Parameters<typeof clock.schedule<T>>[0], delay = 0, state?: T) =>
      clock.schedule(work, Math.max(delay, 3), state),
  } as SchedulerLike
}

/** A server's feed: what has happened after an id comes at once, and the rest when it happens. */
function replay(script: Script, lastEventId: string | undefined, clock: VirtualClock): Observable<SseEvent> {
  return new Observable((out) => {
    let next = lastEventId === undefined ? 0 : Number(lastEventId)
    const work = () => {
      for (let step = script[next]; step !== undefined && step.at <= clock.now(); step = script[next]) {
        next++
        const data = JSON.stringify({ ...step.reading, id: `${next}` } satisfies Reading)
        out.next({ type: 'message', data, lastEventId: `${next}` })
        if (out.closed) return
      }
      const following = script[next]
      if (following === undefined) out.complete()
      else out.add(clock.schedule(work, following.at - clock.now()))
    }
    out.add(clock.schedule(work, 1))
  })
}

/** A disk whose saves take time, survive a crash or not, and fail. Returns its store for each process. */
function createFaultyDisk(clock: VirtualClock, saves: Faults['saves']): (process: Process) => SnapshotStore {
  let last: Snapshot | undefined
  let count = 0
  return (process) => ({
    load: () => last,
    save(snapshot) {
      const { takes, outcome } = saves[count++ % saves.length] as Faults['saves'][number]
      const isLast = count > 200
      if (outcome === 'fails' && !isLast && saves.some((each) => each.outcome !== 'fails')) {
        return after(clock, takes).then(() => Promise.reject(new Error('no space left')))
      }
      const write = () => {
        // A process that was killed writes nothing. Stores refuse the writes of one that only seems to be dead.
        if (process.isAlive) last = snapshot
      }
      // A crash in between leaves the snapshot there or not.
      if (outcome === 'early' || takes === 0) {
        write()
        return takes === 0 ? undefined : after(clock, takes)
      }
      return after(clock, takes).then(write)
    },
  })
}

interface Process {
  isAlive: boolean
}
