import type { Lease, Snapshot, SnapshotStore, SseEvent } from '@rxsse/shared'
import { VirtualClock } from '@rxsse/testing/virtual-time'
import { concatMap, EMPTY, NEVER, of, Subject } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { event, startJob } from '../../test/driven-job.ts'
import { turn } from '../../test/turn.ts'
import { data } from '../decode/data.ts'
import { processWith } from '../flow/process-with.ts'
import { dedupe } from '../keyed/dedupe.ts'
import { lag } from '../keyed/lag.ts'
import { memoryStore } from '../store/memory-store.ts'
import { tumbling } from '../window/spec.ts'
import { windowAggregate } from '../window/window-aggregate.ts'
import { createJob } from './create-job.ts'
import type { JobStatus } from './job-status.ts'

describe('a job', () => {
  it('says what it does, from the first subscription to the end', async () => {
    const store = memoryStore()
    const first = startJob({ store })
    expect(first.status().phase).toBe('restoring')
    await turn()
    expect(first.status()).toMatchObject({ phase: 'running', restoredFrom: 0, delivery: 'at-once' })
    first.source.next(event('1'))
    first.source.next(event('2'))
    first.clock.advanceTo(100)
    expect(first.statuses.map(({ phase }) => phase)).toContain('snapshotting')
    expect(first.status()).toMatchObject({ phase: 'running', saved: { number: 1, time: 100 }, unsaved: 0 })
    first.clock.advanceTo(1000)
    expect(first.status().saved?.number).toBe(1)
    first.subscription.unsubscribe()
    await turn()
    expect(first.status().phase).toBe('idle')
    expect(first.clock.timers).toBe(0)

    const second = startJob({ store })
    await turn()
    expect(second.status()).toMatchObject({ phase: 'running', restoredFrom: 1 })
    expect(second.seen.from).toBe('2')
    second.source.next(event('3'))
    expect(second.seen.ids).toEqual(['numbers|3#0 2-3'])
  })

  it('is restored again if its stream is subscribed again', async () => {
    const { clock, source, seen, job, subscription } = startJob()
    await turn()
    source.next(event('1'))
    const saved = job.snapshot()
    clock.advanceTo(1)
    expect((await saved).number).toBe(1)
    source.next(event('2'))
    subscription.unsubscribe()
    await expect(job.snapshot()).rejects.toThrow('nothing is subscribed')
    job
      .feed('numbers', ({ lastEventId }) => {
        seen.from = lastEventId
        return of(event('2'), event('3'))
      })
      .pipe(
        lag({ stage: job.stage('before') }, (now, before) => `${before?.data}-${now.data}`),
        job.deliver((value, { id }) => void seen.ids.push(`${id} ${value}`)),
      )
      .subscribe()
    await turn()
    expect(seen.from).toBe('1')
    expect(seen.ids).toEqual([
      'numbers|1#0 undefined-1',
      'numbers|2#0 1-2',
      'numbers|2#0 1-2',
      'numbers|3#0 2-3',
    ])
  })

  it('errors with the stage and the option if a saved state is of another shape, or discards it', async () => {
    const store = memoryStore()
    const first = startJob({ store })
    await turn()
    first.source.next(event('1'))
    first.clock.advanceTo(100)
    first.subscription.unsubscribe()

    const other = startJob({ store }, { offset: 2 })
    await turn()
    expect(String(other.seen.errors[0])).toContain(
      'the stage "before" was saved with lag\'s offset 1, which is 2 now',
    )
    expect(other.status()).toMatchObject({ phase: 'failed' })

    const discarding = startJob({ store, onMismatch: 'discard' }, { offset: 2 })
    await turn()
    expect(discarding.seen.from).toBe('1')
    expect(discarding.status().discarded).toEqual([expect.stringContaining('the stage "before"')])
  })

  it('goes on if a snapshot cannot be saved, says so, and tries the next one', async () => {
    let isFull = true
    const inner = memoryStore()
    const store: SnapshotStore = {
      load: () => inner.load(),
      save(snapshot) {
        if (isFull) throw new Error('no space left')
        return inner.save(snapshot)
      },
    }
    const { clock, source, status, seen, job } = startJob({ store })
    await turn()
    source.next(event('1'))
    const failing = job.snapshot()
    failing.catch(() => {})
    clock.advanceTo(10)
    await expect(failing).rejects.toThrow('no space left')
    expect(status()).toMatchObject({
      phase: 'running',
      saved: undefined,
      saveError: new Error('no space left'),
    })
    source.next(event('2'))
    isFull = false
    clock.advanceTo(200)
    expect(status()).toMatchObject({ saved: { number: 2 }, saveError: undefined })
    expect(seen.ids).toHaveLength(2)
  })

  it('stands by until it has the right to run, and errors when it loses it', async () => {
    let lose = (_: Error) => {}
    let released = 0
    let grant = (_: Lease) => {}
    const granted = new Promise<Lease>((resolve) => {
      grant = resolve
    })
    const store: SnapshotStore = {
      ...memoryStore(),
      acquire: () => ({ granted, cancel() {} }),
    }
    const { source, seen, status } = startJob({ store })
    await turn()
    expect(status().phase).toBe('standing-by')
    expect(source.observed).toBe(false)
    grant({
      onLost: (listener) => {
        lose = listener
      },
      release: () => void released++,
    })
    await turn()
    expect(status().phase).toBe('running')
    lose(new Error('the lease is lost'))
    expect(seen.errors).toEqual([new Error('the lease is lost')])
    expect(source.observed).toBe(false)
    await turn()
    expect(released).toBe(1)
    expect(status()).toMatchObject({ phase: 'failed', error: new Error('the lease is lost') })
  })

  it('takes no snapshot between two events with the same ID, and names their results apart', async () => {
    const { clock, source, seen, status } = startJob()
    await turn()
    source.next(event('1', 'a'))
    source.next(event('1', 'b'))
    clock.advanceTo(300)
    expect(status()).toMatchObject({ saved: undefined, waitingFor: expect.stringContaining('"numbers"') })
    source.next(event('2', 'c'))
    clock.advanceTo(301)
    expect(status()).toMatchObject({ saved: { number: 1 }, waitingFor: undefined })
    expect(seen.ids).toEqual(['numbers|1#0 undefined-a', 'numbers|1#1 a-b', 'numbers|2#0 b-c'])
  })
})

describe('the stages of a job', () => {
  it('drain asynchronous operators before a cut, and hold the feeds meanwhile', async () => {
    const clock = new VirtualClock()
    const source = new Subject<SseEvent>()
    const results: string[] = []
    const saved: Snapshot[] = []
    const job = createJob({
      store: { load: () => undefined, save: (snapshot) => void saved.push(snapshot) },
      every: 50,
      scheduler: clock,
    })
    const shut: boolean[] = []
    const work: (() => void)[] = []
    job
      .feed('numbers', ({ gate }) => {
        gate.changes.subscribe((isShut) => shut.push(isShut))
        return source
      })
      .pipe(
        processWith((e) => new Promise<SseEvent>((resolve) => work.push(() => resolve(e))), {
          concurrency: 2,
          stage: job.stage('work'),
        }),
        lag({ stage: job.stage('before') }, (now, before) => `${before?.data}-${now.data}`),
        job.deliver((value) => void results.push(value)),
      )
      .subscribe()
    await turn()
    source.next(event('1'))
    clock.advanceTo(50)
    expect(shut).toEqual([true])
    source.next(event('2'))
    expect(work).toHaveLength(1)
    work[0]?.()
    await turn()
    expect(saved).toHaveLength(0)
    clock.advanceTo(51)
    expect(saved).toHaveLength(1)
    expect(shut).toEqual([true, false])
    // What has depended on the order of promises is delivered when it is saved.
    expect(results).toEqual(['undefined-1'])
    expect(work).toHaveLength(2)
  })

  it('refuse an operator without a state that can be saved, and commit', async () => {
    const job = createJob({ store: memoryStore() })
    const errors: unknown[] = []
    EMPTY.pipe(data({ stage: job.stage('data') })).subscribe({ error: (error) => errors.push(error) })
    expect(String(errors[0])).toContain('data cannot be the stage "data" of a job')
    expect(job.status).toBeDefined()
  })

  it('find out at the start that an accumulator cannot be saved', () => {
    class Total {
      n = 0
    }
    const job = createJob({ store: memoryStore() })
    const errors: unknown[] = []
    NEVER.pipe(
      windowAggregate(tumbling('1s'), {
        aggregates: (a) => ({
          total: a.custom({
            create: () => new Total(),
            add: (into) => into,
            merge: (into) => into,
            result: ({ n }) => n,
          }),
        }),
        stage: job.stage('totals'),
      }),
    ).subscribe({ error: (error) => errors.push(error) })
    expect(String(errors[0])).toContain('structuredClone')
  })

  it('stay in the snapshots while no operator uses them', async () => {
    const store = memoryStore()
    const first = startJob({ store })
    await turn()
    first.source.next(event('1'))
    first.clock.advanceTo(100)
    first.subscription.unsubscribe()

    const clock = new VirtualClock()
    const job = createJob({ store, every: 100, scheduler: clock })
    let status: JobStatus | undefined
    job.status.subscribe((now) => (status = now))
    const without = job
      .feed('numbers', () => of(event('2')).pipe(concatMap((e) => [e])))
      .pipe(dedupe({ key: (e) => e.data, stage: job.stage('seen') }))
    const subscription = without.subscribe()
    await turn()
    expect(status?.unclaimed).toEqual(['before', 'results'])
    clock.advanceTo(200)
    subscription.unsubscribe()

    const third = startJob({ store })
    await turn()
    third.source.next(event('3'))
    expect(third.seen.ids).toEqual(['numbers|3#0 1-3'])
  })
})

describe('createJob', () => {
  it('names each wrong option', () => {
    const store = memoryStore()
    expect(() => createJob({ store: {} as SnapshotStore })).toThrow('createJob: store')
    expect(() => createJob({ store, every: 0 })).toThrow('createJob: every')
    expect(() => createJob({ store, onMismatch: 'ignore' as 'error' })).toThrow('createJob: onMismatch')
    const job = createJob({ store })
    job.stage('minutes')
    expect(() => job.feed('minutes', () => EMPTY)).toThrow('another name than that of a stage')
    expect(() => job.stage('a|b')).toThrow('job.stage: name')
    expect(() => job.deliver((value) => value, { concurrency: 0 })).toThrow('job.deliver: concurrency')
    expect(() => job.deliver((value) => value, { when: 'soon' as 'at-once' })).toThrow('job.deliver: when')
  })

  it('errors all its streams if one of them ends early and others go on', async () => {
    const clock = new VirtualClock()
    const job = createJob({ store: memoryStore(), scheduler: clock })
    const errors: unknown[] = []
    const [first, second] = ['a', 'b'].map((name) =>
      job
        .feed(name, () => new Subject<SseEvent>())
        .pipe(dedupe({ key: (e) => e.data, stage: job.stage(`seen ${name}`) }))
        .subscribe({ error: (error) => errors.push(error) }),
    )
    await turn()
    first?.unsubscribe()
    await turn()
    expect(String(errors[0])).toContain('the stream with the stage "seen a" has ended')
    expect(second?.closed).toBe(true)
    expect(clock.timers).toBe(0)
  })
})
