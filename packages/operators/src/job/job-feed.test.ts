import type { SseEvent } from '@rxsse/shared'
import { VirtualClock } from '@rxsse/testing/virtual-time'
import { concat, from, merge, NEVER, type NextObserver, Subject } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { event } from '../../test/driven-job.ts'
import { turn } from '../../test/turn.ts'
import { data } from '../decode/data.ts'
import { processWith } from '../flow/process-with.ts'
import { memoryStore } from '../store/memory-store.ts'
import { tumbling } from '../window/spec.ts'
import { windowAggregate } from '../window/window-aggregate.ts'
import { createJob } from './create-job.ts'

/** A job whose asynchronous stage handles an event when the test says so. A snapshot waits for it, and holds the feed. */
async function startHeldJob(cursor: NextObserver<string>) {
  const clock = new VirtualClock()
  const job = createJob({ store: memoryStore(), every: 50, scheduler: clock })
  const source = new Subject<SseEvent>()
  const log: string[] = []
  const errors: unknown[] = []
  const handled: (() => void)[] = []
  let sourceCursor: NextObserver<string> = { next() {} }
  job
    .feed(
      'numbers',
      (feed) => {
        sourceCursor = feed.cursor
        return source
      },
      {
        cursor: {
          next(id) {
            log.push(`cursor ${id}`)
            cursor.next(id)
          },
        },
      },
    )
    .pipe(
      processWith(
        ({ data }) => {
          log.push(`handle ${data}`)
          return new Promise<void>((resolve) => handled.push(resolve))
        },
        { concurrency: 2, stage: job.stage('work') },
      ),
    )
    .subscribe({ error: (error) => errors.push(error) })
  await turn()
  const send = (id: string) => {
    source.next(event(id))
    sourceCursor.next(id)
  }
  return { clock, log, errors, handled, send }
}

describe('the cursor of a feed', () => {
  it('is told when what came before it was handled, also while a snapshot holds the feed', async () => {
    const { clock, log, handled, send } = await startHeldJob({ next() {} })
    send('1')
    clock.advanceTo(50)
    send('2')
    expect(log).toEqual(['handle 1', 'cursor 1'])
    handled[0]?.()
    await turn()
    clock.advanceTo(51)
    expect(log).toEqual(['handle 1', 'cursor 1', 'handle 2', 'cursor 2'])
  })

  it('errors the stream if it throws', async () => {
    const { clock, errors, handled, send } = await startHeldJob({
      next(id) {
        if (id === '2') throw new Error('no disk')
      },
    })
    send('1')
    clock.advanceTo(50)
    send('2')
    handled[0]?.()
    await turn()
    clock.advanceTo(51)
    expect(errors).toEqual([new Error('no disk')])
    expect(clock.timers).toBe(0)
  })
})

it('every feed of a job holds the watermark from the start, also in a second subscription', async () => {
  const job = createJob({ store: memoryStore(), every: '1h', scheduler: new VirtualClock() })
  const late: unknown[] = []
  const seen: number[] = []
  const feed = (name: string) =>
    job.feed(name, () =>
      concat(
        from([1, 2, 40].map((at) => ({ type: 'message', data: { name, at }, lastEventId: `${at}` }))),
        NEVER,
      ),
    )
  const windows = merge(feed('ams'), feed('par')).pipe(
    data(),
    windowAggregate(tumbling(10), {
      progress: job,
      feed: (e) => e.name,
      timestamp: (e) => e.at,
      stage: job.stage('windows'),
      late: (e) => late.push(e),
      aggregates: (a) => ({ n: a.count() }),
    }),
  )
  for (let run = 0; run < 3; run++) {
    const subscription = windows.subscribe(({ value }) => seen.push(value.n))
    await turn()
    await turn()
    subscription.unsubscribe()
    await turn()
  }
  expect(seen).toEqual([4, 4, 4])
  expect(late).toEqual([])
})

it('a feed of a job goes on if a feed of its name is made meanwhile', async () => {
  const job = createJob({ store: memoryStore(), every: '1h', scheduler: new VirtualClock() })
  const source = new Subject<SseEvent<number>>()
  const seen: number[] = []
  const windows = () =>
    job
      .feed('numbers', () => source)
      .pipe(
        windowAggregate(tumbling(10), {
          progress: job,
          feed: () => 'numbers',
          timestamp: (e) => e.data,
          stage: job.stage('windows'),
          aggregates: (a) => ({ n: a.count() }),
        }),
      )
  const subscription = windows().subscribe(({ value }) => seen.push(value.n))
  await turn()
  await turn()
  const send = (at: number) => source.next({ type: 'message', data: at, lastEventId: `${at}` })
  send(1)
  windows()
  for (const at of [2, 15, 25]) send(at)
  expect(seen).toEqual([2, 1])
  subscription.unsubscribe()
})

describe('a feed of the snapshot', () => {
  it('is told as unclaimed until a stream uses it, and goes on where it was', async () => {
    const store = memoryStore()
    async function run(names: readonly string[]) {
      const clock = new VirtualClock()
      const job = createJob({ store, every: 50, scheduler: clock })
      let unclaimed: readonly string[] = []
      job.status.subscribe((status) => {
        unclaimed = status.unclaimed
      })
      const from: string[] = []
      const source = new Subject<SseEvent>()
      const subscribe = (name: string) =>
        job
          .feed(name, ({ lastEventId }) => {
            from.push(`${name} after ${lastEventId}`)
            return source
          })
          .subscribe()
      const subscriptions = names.map(subscribe)
      await turn()
      source.next(event('1'))
      clock.advanceTo(50)
      const before = unclaimed
      subscriptions.push(subscribe('trades'))
      await turn()
      source.next(event('2'))
      clock.advanceTo(100)
      for (const subscription of subscriptions) subscription.unsubscribe()
      await turn()
      return { before, after: unclaimed, from }
    }
    expect(await run(['deals'])).toMatchObject({
      before: [],
      from: ['deals after undefined', 'trades after undefined'],
    })
    expect(await run(['renamed'])).toEqual({
      before: ['deals', 'trades'],
      after: ['deals'],
      from: ['renamed after undefined', 'trades after 2'],
    })
  })
})
