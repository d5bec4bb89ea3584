import {
  type Lease,
  type LeaseRequest,
  type Snapshot,
  type SnapshotStore,
  SnapshotStoreError,
  type SseEvent,
} from '@rxsse/shared'
import { VirtualClock } from '@rxsse/testing/virtual-time'
import { concat, from, NEVER, type Observable, of, Subject, tap, throwError } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { turn } from '../../test/turn.ts'
import type { Key } from '../engine/keyed-state/key.ts'
import { lag } from '../keyed/lag.ts'
import { memoryStore } from '../store/memory-store.ts'
import { createJob, type JobOptions } from './create-job.ts'
import type { JobStatus } from './job-status.ts'
import type { Shard } from './shard.ts'

const event = (id: number, data: string): SseEvent => ({ type: 'message', data, lastEventId: `${id}` })

/** A store whose leases the test gives and takes. */
function createSharedStore() {
  const inner = memoryStore()
  const leases = new Map<number, LeaseControl>()
  const cancelled: number[] = []
  const store: SnapshotStore = {
    load: () => inner.load(),
    save: (snapshot) => inner.save(snapshot),
    shard(index, count) {
      const own = inner.shard?.(index, count) as SnapshotStore
      return {
        ...own,
        acquire(): LeaseRequest {
          const granted = new Promise<Lease>((resolve, reject) => {
            const control: LeaseControl = {
              released: 0,
              lose: () => {},
              want: () => {},
              reject,
              grant: () =>
                resolve({
                  onLost: (listener) => {
                    control.lose = () => listener(new SnapshotStoreError('lease-lost', 'lost'))
                  },
                  onWanted: (listener) => {
                    control.want = listener
                  },
                  release: () => void control.released++,
                }),
            }
            leases.set(index, control)
          })
          return { granted, cancel: () => void cancelled.push(index) }
        },
      }
    },
  }
  return { store, cancelled, lease: (index: number) => leases.get(index) as LeaseControl }
}

interface LeaseControl {
  released: number
  lose(): void
  want(): void
  grant(): void
  reject(error: Error): void
}

function start(options: Partial<JobOptions> = {}, count = 3) {
  const clock = new VirtualClock()
  const job = createJob({ store: memoryStore(), every: 100, scheduler: clock, ...options })
  const sources = new Map<number, Subject<SseEvent>>()
  const seen = { from: [] as string[], results: [] as string[], errors: [] as unknown[], isComplete: false }
  let status: JobStatus | undefined
  job.status.subscribe((now) => (status = now))
  const subscription = job
    .shards(count, (shard) =>
      shard
        .feed('numbers', ({ lastEventId }) => {
          const source = new Subject<SseEvent>()
          sources.set(shard.index, source)
          seen.from.push(`${shard.index} after ${lastEventId}`)
          return source
        })
        .pipe(
          shard.own(({ data }) => data),
          lag({ key: ({ data }) => data, stage: shard.stage('before') }, (now, before) => {
            return `${now.data} ${before?.lastEventId}-${now.lastEventId}`
          }),
          shard.deliver((value, { id }) => `${id} ${value}`),
        ),
    )
    .subscribe({
      next: (value) => seen.results.push(value),
      error: (error) => seen.errors.push(error),
      complete: () => {
        seen.isComplete = true
      },
    })
  return {
    clock,
    job,
    sources,
    seen,
    subscription,
    status: () => status as JobStatus,
    send(...events: SseEvent[]) {
      for (const source of sources.values()) for (const each of events) source.next(each)
    },
  }
}

const events = Array.from({ length: 30 }, (_, i) => event(i + 1, `key${i % 10}`))

describe('the shards of a job', () => {
  it('have each key once, the same after a restart, and a state of their own', async () => {
    const store = memoryStore()
    const first = start({ store })
    await turn()
    first.send(...events.slice(0, 20))
    expect(first.status()).toMatchObject({ phase: 'running', shards: [{}, {}, {}] })
    first.clock.advanceTo(100)
    expect(first.status()).toMatchObject({ unsaved: 0, saved: { number: 1, time: 100 } })
    first.subscription.unsubscribe()
    expect(first.status()).toMatchObject({ phase: 'idle', shards: [] })

    const second = start({ store })
    await turn()
    expect(second.seen.from.sort()).toEqual(['0 after 20', '1 after 20', '2 after 20'])
    second.send(...events.slice(20))
    const results = [...first.seen.results, ...second.seen.results]
    const shardOf = new Map<string, Set<string>>()
    for (const result of results) {
      const [, shard, id, key] = /^(\d)\/3\|numbers\|(\d+)#0 (key\d)/.exec(result) ?? []
      expect(key).toBe(`key${(Number(id) - 1) % 10}`)
      shardOf.set(key ?? '', (shardOf.get(key ?? '') ?? new Set()).add(shard ?? ''))
    }
    expect([...shardOf.values()].map(({ size }) => size)).toEqual(Array(10).fill(1))
    expect(new Set([...shardOf.values()].flatMap((shards) => [...shards])).size).toBe(3)
    const values = results.map((result) => result.slice(result.indexOf(' ') + 1)).sort()
    expect(values).toEqual(
      events.map(({ data }, i) => `${data} ${i < 10 ? 'undefined' : i - 9}-${i + 1}`).sort(),
    )
  })

  it('are the same for a key in every version', async () => {
    const keys = ['a', 'b', 'EURUSD', '', 1, '1', -0.5, 10n, true, null, undefined, ['a', 1], ['a', '1']]
    const found = new Map<unknown, number>()
    const job = createJob({ store: memoryStore() })
    await job
      .shards(100, (shard) => {
        const { index } = shard
        return from(keys).pipe(
          shard.own((key) => key as Key),
          tap((key) => found.set(key, index)),
        )
      })
      .forEach(() => {})
    expect(keys.map((key) => found.get(key))).toEqual([23, 12, 60, 88, 83, 43, 72, 80, 93, 16, 47, 10, 78])
  })

  it('go on if whoever hears of an error subscribes again at once', async () => {
    const job = createJob({ store: memoryStore() })
    let status: JobStatus | undefined
    job.status.subscribe((now) => (status = now))
    let isBroken = true
    const shards = job.shards(2, (shard) =>
      shard
        .feed<SseEvent>('numbers', () => (isBroken ? throwError(() => new Error('boom')) : NEVER))
        .pipe(shard.own(({ data }) => data)),
    )
    shards.subscribe({
      error: () => {
        isBroken = false
        shards.subscribe()
      },
    })
    await turn()
    await turn()
    expect(status).toMatchObject({ phase: 'running', shards: [{ index: 0 }, { index: 1 }] })
  })

  it('run where the lease is, stop when it is lost, and begin again from the last snapshot', async () => {
    const { store, lease } = createSharedStore()
    const { status, seen, send, sources, clock, job } = start({ store })
    await turn()
    expect(status()).toMatchObject({ phase: 'standing-by', shards: [] })
    expect(sources.size).toBe(0)
    for (const index of [0, 1, 2]) lease(index).grant()
    await turn()
    expect(status().shards.map(({ index }) => index)).toEqual([0, 1, 2])
    send(...events.slice(0, 10))
    const saved = job.snapshot()
    clock.advanceTo(1)
    expect(await saved).toMatchObject({ number: 1, time: 0 })
    send(...events.slice(10, 20))
    const before = sources.get(1)
    lease(1).lose()
    expect(before?.observed).toBe(false)
    expect(status().shards.map(({ index }) => index)).toEqual([0, 2])
    expect(seen.errors).toEqual([])
    await turn()
    lease(1).grant()
    await turn()
    expect(seen.from.at(-1)).toBe('1 after 10')
    sources.get(1)?.next(event(11, 'key0'))
    expect(status()).toMatchObject({ phase: 'running', saved: { number: 1 } })
  })

  it('are saved, left and released when another process wants them', async () => {
    const { store, lease } = createSharedStore()
    const { seen, send, sources, clock, status } = start({ store })
    for (const index of [0, 1, 2]) lease(index).grant()
    await turn()
    send(...events.slice(0, 5))
    const { released, ...wanted } = lease(2)
    expect(released).toBe(0)
    wanted.want()
    expect(sources.get(2)?.observed).toBe(true)
    clock.advanceTo(1)
    await turn()
    expect(sources.get(2)?.observed).toBe(false)
    expect(status().shards.map(({ index }) => index)).toEqual([0, 1])
    // It has asked again.
    lease(2).grant()
    await turn()
    expect(seen.from.at(-1)).toBe('2 after 5')
    expect(clock.timers).toBe(3)
  })

  it('are left without a last snapshot if it takes too long', async () => {
    const { store, lease } = createSharedStore()
    const { send, sources, clock, seen } = start({ store })
    for (const index of [0, 1, 2]) lease(index).grant()
    await turn()
    // Two events with one ID: a snapshot has to wait for the next one.
    send(event(1, 'a'), event(1, 'b'))
    const control = lease(0)
    control.want()
    clock.advanceTo(9_999)
    await turn()
    expect(sources.get(0)?.observed).toBe(true)
    clock.advanceTo(10_000)
    await turn()
    expect(sources.get(0)?.observed).toBe(false)
    expect(control.released).toBe(1)
    lease(0).grant()
    await turn()
    expect(seen.from.at(-1)).toBe('0 after undefined')
  })

  it('return every lease, and wait for none, when the Observable is unsubscribed', async () => {
    const { store, lease, cancelled } = createSharedStore()
    const { subscription, clock } = start({ store })
    lease(0).grant()
    await turn()
    lease(1).grant()
    subscription.unsubscribe()
    await turn()
    expect([lease(0).released, lease(1).released]).toEqual([1, 1])
    expect(cancelled).toEqual([1, 2])
    expect(clock.timers).toBe(0)
  })

  it('error as a whole if one does, or if one can never have its lease', async () => {
    for (const fail of [
      (control: LeaseControl) => control.reject(new Error('boom')),
      (control: LeaseControl) => control.grant(),
    ]) {
      const { store, lease } = createSharedStore()
      const errors: unknown[] = []
      const job = createJob({ store })
      let status: JobStatus | undefined
      job.status.subscribe((now) => (status = now))
      job
        .shards(2, (shard) => (shard.index === 1 ? throwError(() => new Error('boom')) : NEVER))
        .subscribe({ error: (error) => errors.push(error) })
      lease(0).grant()
      await turn()
      fail(lease(1))
      await turn()
      expect(errors).toEqual([new Error('boom')])
      expect(lease(0).released).toBe(1)
      expect(status).toMatchObject({ phase: 'failed', error: new Error('boom') })
    }
  })

  it('complete when each of them has, and return its lease before', async () => {
    const { store, lease } = createSharedStore()
    const { seen, sources } = start({ store })
    for (const index of [0, 1, 2]) lease(index).grant()
    await turn()
    for (const index of [0, 1, 2]) {
      expect(seen.isComplete).toBe(false)
      sources.get(index)?.complete()
      await turn()
      expect(lease(index).released).toBe(1)
    }
    expect(seen.isComplete).toBe(true)
  })

  it('go on after an error with retry', async () => {
    const clock = new VirtualClock()
    const job = createJob({ store: memoryStore(), scheduler: clock })
    const pipeline = (shard: Shard) =>
      shard
        .feed('numbers', () => of(event(1, 'a'), event(2, 'b')))
        .pipe(
          shard.own(({ data }) => data),
          shard.deliver(({ data }) => data),
        )
    for (const attempt of [1, 2]) {
      const values: string[] = []
      await job.shards(2, pipeline).forEach((value) => void values.push(`${attempt}${value}`))
      expect(values.sort()).toEqual([`${attempt}a`, `${attempt}b`])
    }
  })
})

describe('job.shards', () => {
  const pipeline = () => NEVER
  const failWith = async (stream: Observable<unknown>) => {
    const errors: unknown[] = []
    stream.subscribe({ error: (error) => errors.push(error) })
    await turn()
    return String(errors[0])
  }

  it('names each wrong option and use', async () => {
    const job = createJob({ store: memoryStore() })
    for (const count of [0, 1.5, 1025, Number.NaN])
      expect(() => job.shards(count, pipeline)).toThrow('job.shards: count must be a whole number from 1')
    expect(() => job.shards(2, undefined as never)).toThrow('job.shards: pipeline must be a function')
    const store: SnapshotStore = { load: () => undefined, save: () => {} }
    expect(() => createJob({ store }).shards(2, pipeline)).toThrow('a store with shard(), such as redisStore')
    const shards = job.shards(2, pipeline)
    expect(() => job.shards(3, pipeline)).toThrow('job.shards: the job has 2 shards already')
    expect(() => job.feed('numbers', () => NEVER)).toThrow('use the feeds and stages of the shard')
    const whole = createJob({ store: memoryStore() })
    whole.stage('before')
    expect(() => whole.shards(2, pipeline)).toThrow('the job has feeds or stages that are not of a shard')
    shards.subscribe()
    expect(await failWith(shards)).toContain('the shards are subscribed already. Use share()')
  })

  it('errors if every shard handles all events', async () => {
    const job = createJob({ store: memoryStore() })
    const all = job.shards(2, (shard) =>
      shard.feed('numbers', () => of(event(1, 'a'))).pipe(shard.deliver((value) => value)),
    )
    expect(await failWith(all)).toContain('each of the 2 shards handles all events. Put shard.own(')
  })

  it('errors if the job was saved with another number of shards, or without any', async () => {
    const store = memoryStore()
    const first = start({ store })
    await turn()
    first.send(event(1, 'a'))
    first.clock.advanceTo(100)
    first.subscription.unsubscribe()
    const second = start({ store }, 2)
    await turn()
    expect(String(second.seen.errors[0])).toContain(
      'the job was saved with 3 shards, and has 2 shards now. Go back to the former number',
    )

    expect(await failWith(createJob({ store }).feed('numbers', () => NEVER))).toContain(
      'the job was saved with 3 shards, and has no shards now',
    )

    const unsharded = memoryStore()
    const whole = createJob({ store: unsharded })
    whole.feed('numbers', () => concat(of(event(1, 'a')), NEVER)).subscribe()
    await turn()
    await whole.snapshot()
    const third = start({ store: unsharded })
    await turn()
    expect(String(third.seen.errors[0])).toContain('the job was saved with no shards, and has 3 shards now')
  })

  it('saves the number of shards again if the store was emptied between two runs', async () => {
    const saved = new Map<number | undefined, Snapshot>()
    const open = (shard?: number): SnapshotStore => ({
      load: () => saved.get(shard),
      save: (snapshot) => void saved.set(shard, snapshot),
      shard: open,
    })
    const clock = new VirtualClock()
    const job = createJob({ store: open(), every: 100, scheduler: clock })
    for (let run = 0; run < 2; run++) {
      const source = new Subject<SseEvent>()
      const subscription = job.shards(2, (shard) => shard.feed('a', () => source)).subscribe()
      await turn()
      source.next(event(1, 'a'))
      clock.advanceTo(clock.now() + 100)
      subscription.unsubscribe()
      await turn()
      expect([...saved.keys()]).toEqual([undefined, 0, 1])
      if (run === 0) saved.clear()
    }
    expect(await failWith(createJob({ store: open() }).feed('a', () => NEVER))).toContain(
      'saved with 2 shards',
    )
  })

  it('saves no shard before the number of them, and tries that again with the next snapshot', async () => {
    const settle: { resolve: () => void; reject: (error: Error) => void }[] = []
    const store: SnapshotStore = {
      ...memoryStore(),
      save: () => new Promise((resolve, reject) => settle.push({ resolve, reject })),
    }
    const { clock, send, status } = start({ store })
    await turn()
    send(event(1, 'a'))
    clock.advanceTo(100)
    await turn()
    expect(settle).toHaveLength(1)
    expect(status()).toMatchObject({ phase: 'snapshotting', saved: undefined })
    settle[0]?.reject(new Error('full'))
    await turn()
    expect(status()).toMatchObject({ phase: 'running', saved: undefined, saveError: new Error('full') })
    clock.advanceTo(200)
    settle[1]?.resolve()
    await turn()
    expect(status()).toMatchObject({ saved: { number: 2 }, saveError: undefined, unsaved: 0 })
    send(event(2, 'a'))
    clock.advanceTo(300)
    expect(settle).toHaveLength(2)
  })

  it('refuses a key that is an object', async () => {
    const job = createJob({ store: memoryStore() })
    const shards = job.shards(2, (shard) =>
      shard.feed('numbers', () => of(event(1, 'a'))).pipe(shard.own((value) => value as never)),
    )
    expect(await failWith(shards)).toContain('a key must be a primitive or an array of primitives')
  })
})
