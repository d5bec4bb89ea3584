import type { SnapshotStore, SseEvent } from '@rxsse/shared'
import { VirtualClock } from '@rxsse/testing/virtual-time'
import { EMPTY, map, type Observable, take, timer } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { dedupe } from '../keyed/dedupe.ts'
import { lag } from '../keyed/lag.ts'
import { memoryStore } from '../store/memory-store.ts'
import { createJob } from './create-job.ts'

const events = Array.from({ length: 20 }, (_, i) => ({
  type: 'message',
  data: `${i % 7}`,
  lastEventId: `${i + 1}`,
}))

/** A source that emits one event every 10 ms, from after an id. */
function source(
  clock: VirtualClock,
  lastEventId = '0',
  list: readonly SseEvent[] = events,
): Observable<SseEvent> {
  const after = list.findIndex(({ lastEventId: id }) => id === lastEventId) + 1
  return timer(10, 10, clock).pipe(
    take(list.length - after),
    map((i) => list[after + i] as SseEvent),
  )
}

describe('createJob', () => {
  it('goes on after a crash, and makes the same results with the same ids', async () => {
    const store = memoryStore()
    const log = new Map<string, string>()
    let delivered = 0
    const run = async (until: number) => {
      const clock = new VirtualClock()
      const job = createJob({ store, every: 50, scheduler: clock })
      const subscription = job
        .feed('numbers', ({ lastEventId }) => source(clock, lastEventId))
        .pipe(
          dedupe({ key: (event) => event.data, stage: job.stage('seen') }),
          lag({ stage: job.stage('before') }, (now, before) => `${before?.data}-${now.data}`),
          job.deliver((value, { id }) => {
            delivered++
            log.set(id, value)
          }),
        )
        .subscribe()
      await new Promise(setImmediate)
      clock.advanceTo(until)
      subscription.unsubscribe()
      expect(clock.timers).toBe(0)
    }
    await run(35)
    await run(65)
    await run(65)
    await run(1000)
    expect([...log]).toEqual([
      ['numbers|1#0', 'undefined-0'],
      ['numbers|2#0', '0-1'],
      ['numbers|3#0', '1-2'],
      ['numbers|4#0', '2-3'],
      ['numbers|5#0', '3-4'],
      ['numbers|6#0', '4-5'],
      ['numbers|7#0', '5-6'],
    ])
    expect(delivered).toBeGreaterThan(7)
  })

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
})
