import { createSink, memoryLog } from '@rxsse/server'
import type { SseEvent } from '@rxsse/shared'
import { VirtualClock } from '@rxsse/testing/virtual-time'
import { concat, map, merge, NEVER, type Observable, of, repeat, Subject, takeUntil, tap } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { event } from '../../test/driven-job.ts'
import { turn } from '../../test/turn.ts'
import { memoryStore } from '../store/memory-store.ts'
import { groupWithin } from '../window/group-within.ts'
import { slidingWindow } from '../window/sliding-window.ts'
import { tumbling } from '../window/spec.ts'
import { windowAggregate } from '../window/window-aggregate.ts'
import { createJob, type Job } from './create-job.ts'

const minutes = (job: Job) => (events: Observable<SseEvent>) =>
  events.pipe(
    map(({ data }) => Number(data)),
    windowAggregate(tumbling('1m'), {
      timestamp: (time: number) => time,
      aggregates: (a) => ({ n: a.count() }),
      stage: job.stage('minutes'),
    }),
    map(({ window, value, pane, revision }) => `${window.start / 60_000} ${pane} ${revision} n=${value.n}`),
  )

/** Runs of a job that publishes to the log of a sink, which ignores the ids that it has. */
function openLog() {
  const log = memoryLog({ capacity: 100 })
  const sink = createSink({ log })
  const store = memoryStore()
  return {
    async published() {
      const { entries } = await log.since(0, { limit: 100 })
      return entries.map(({ message }) => message.data)
    },
    async run(pipeline: (job: Job) => Observable<string>) {
      const clock = new VirtualClock()
      const job = createJob({ store, every: 100, scheduler: clock })
      const run = pipeline(job).pipe(
        job.deliver((data, { id }) => sink.publish({ data }, 'all', { sourceId: id })),
      )
      let isComplete = false
      run.subscribe({
        complete() {
          isComplete = true
        },
      })
      for (let i = 0; i < 20 && !isComplete; i++) {
        await turn()
        clock.advanceTo(clock.now() + 50)
      }
      expect(isComplete).toBe(true)
    },
  }
}

const FIRST = [event('1', '1000'), event('2', '2000')]
const MORE = [event('3', '3000'), event('4', '61000')]

describe('a job whose stream has completed', () => {
  it.each([
    ['its source has ended', false],
    ['the program has ended it', true],
  ])('gives its open windows another revision if it goes on (%s)', async (_, isStopped) => {
    const { run, published } = openLog()
    const times = (events: readonly SseEvent[]) => (job: Job) => {
      const stop = new Subject<void>()
      const source = isStopped ? concat(of(...events), NEVER) : of(...events)
      const last = events.at(-1)?.lastEventId
      return job
        .feed('times', () => source)
        .pipe(
          takeUntil(stop),
          tap({
            next: ({ lastEventId }) => void (lastEventId === last && queueMicrotask(() => stop.next())),
          }),
          minutes(job),
        )
    }
    await run(times(FIRST))
    expect(await published()).toEqual(['0 flush 0 n=2'])
    await run(times(MORE))
    expect(await published()).toEqual(['0 flush 0 n=2', '0 on-time 1 n=3', '1 flush 0 n=1'])
  })

  it('continues with its state if the stream is repeated in the same run', async () => {
    const { run, published } = openLog()
    const parts = [FIRST, MORE]
    await run((job) => job.feed('times', () => of(...(parts.shift() ?? []))).pipe(minutes(job), repeat(2)))
    expect(await published()).toEqual(['0 flush 0 n=2', '0 on-time 1 n=3', '1 flush 0 n=1'])
  })

  it('delivers what comes of the end of two feeds, if only the one that ends first has more events', async () => {
    const { run, published } = openLog()
    const groups =
      (...feeds: readonly (readonly SseEvent[])[]) =>
      (job: Job) =>
        merge(...feeds.map((events, number) => job.feed(`feed${number}`, () => of(...events)))).pipe(
          groupWithin({ maxItems: 3, stage: job.stage('groups') }),
          map((group) => group.map(({ data }) => data).join(' ')),
        )
    await run(groups([event('1', 'a1')], [event('1', 'b1')]))
    await run(groups([event('2', 'a2')], []))
    expect(await published()).toEqual(['a1 b1', 'a2'])
  })

  it('gives the sliding windows of later events another revision if an older event comes after the end', async () => {
    const { run, published } = openLog()
    const windows = (times: readonly number[]) => (job: Job) =>
      job
        .feed('times', () => of(...times.map((time) => event(`e${time}`, `${time}`))))
        .pipe(
          map(({ data }) => Number(data)),
          slidingWindow({
            size: 10,
            timestamp: (time: number) => time,
            maxOutOfOrderness: 5,
            aggregates: (a) => ({ n: a.count() }),
            stage: job.stage('windows'),
          }),
          map(({ window, value, revision }) => `${window.end} ${revision} n=${value.n}`),
        )
    await run(windows([10, 14]))
    expect(await published()).toEqual(['10 0 n=1', '14 0 n=2'])
    await run(windows([12, 30]))
    expect((await published()).slice(2)).toEqual(['12 0 n=2', '14 1 n=3', '30 0 n=1'])
  })
})
