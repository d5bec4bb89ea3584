import { VirtualClock } from '@rxsse/testing/virtual-time'
import fc from 'fast-check'
import { concatMap, delay, map, of, retry, Subject, startWith, take, tap, timer } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { conformance } from '../../test/conformance.ts'
import { event } from '../../test/events.ts'
import { createThenables } from '../../test/thenable.ts'
import { turn } from '../../test/turn.ts'
import type { SseEvent } from '../index.ts'
import { createStage } from '../stage/create-stage.ts'
import { batchWith } from './batch-with.ts'
import { commit } from './commit.ts'
import { conflateWith } from './conflate-with.ts'
import { processWith } from './process-with.ts'

function recorder() {
  const saved: string[] = []
  return { saved, save: (id: string) => void saved.push(id) }
}

describe('commit after a stage', () => {
  it('saves the end of the contiguous prefix of handled events, in whatever order they are handled', () => {
    const clock = new VirtualClock()
    const source = new Subject<SseEvent<number>>()
    const checkpoint = recorder()
    const stage = createStage('work')
    source
      .pipe(
        processWith((e) => timer(e.data, clock), { concurrency: 3, stage }),
        commit(checkpoint, { after: stage }),
      )
      .subscribe()
    for (const [id, takes] of [
      ['1', 30],
      ['2', 10],
      ['3', 20],
      ['4', 5],
    ] as const)
      source.next(event(takes, 'x', id))
    clock.advanceTo(29)
    expect(checkpoint.saved).toEqual([])
    clock.advanceTo(30)
    expect(checkpoint.saved).toEqual(['4'])
  })

  it('never saves past an event that is not handled, and saves the last event in the end', () => {
    const steps = fc.array(
      fc.record({ wait: fc.integer({ min: 0, max: 9 }), takes: fc.integer({ min: 0, max: 30 }) }),
      { minLength: 1, maxLength: 30, size: 'max' },
    )
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 5 }), (stream, concurrency) => {
        const clock = new VirtualClock()
        const source = new Subject<SseEvent<number>>()
        const stage = createStage('work')
        const handled = new Set<number>()
        let last = -1
        source
          .pipe(
            processWith((e) => timer(e.data, clock).pipe(map(() => handled.add(Number(e.lastEventId)))), {
              concurrency,
              stage,
            }),
            commit(
              {
                save(id) {
                  for (let n = 0; n <= Number(id); n++) expect(handled.has(n)).toBe(true)
                  expect(Number(id)).toBeGreaterThan(last)
                  last = Number(id)
                },
              },
              { after: stage },
            ),
          )
          .subscribe()
        for (const [id, { wait, takes }] of stream.entries()) {
          clock.advanceBy(wait)
          source.next(event(takes, 'x', String(id)))
        }
        clock.runOut()
        expect(last).toBe(stream.length - 1)
      }),
    )
  })

  it('follows the stage through any operators between the two', () => {
    const clock = new VirtualClock()
    const source = new Subject<SseEvent<number>>()
    const checkpoint = recorder()
    const stage = createStage('work')
    const seen: unknown[] = []
    source
      .pipe(
        processWith((e) => timer(e.data, clock).pipe(map(() => e)), { concurrency: 2, stage }),
        tap(),
        map((e) => e.lastEventId),
        delay(1000, clock),
        startWith('start'),
        commit(checkpoint, { after: stage }),
      )
      .subscribe((id) => seen.push(id))
    source.next(event(20, 'x', '1'))
    source.next(event(10, 'x', '2'))
    clock.advanceTo(19)
    expect(checkpoint.saved).toEqual([])
    clock.advanceTo(20)
    expect(checkpoint.saved).toEqual(['2'])
    expect(seen).toEqual(['start'])
    clock.runOut()
    expect(seen).toEqual(['start', '2', '1'])
  })

  it('follows batches and folded events', () => {
    const clock = new VirtualClock()
    const busy = () => timer(10, clock).pipe(concatMap(() => []))
    const stage = createStage('work')
    for (const operator of [
      batchWith({ maxItems: 2 }, busy, { stage }),
      conflateWith((_: unknown, e: SseEvent) => e, busy, { stage }),
      processWith(busy, { stage }),
    ]) {
      const source = new Subject<SseEvent>()
      const checkpoint = recorder()
      const subscription = source.pipe(operator, commit(checkpoint, { after: stage })).subscribe()
      for (const id of ['1', '2', '3']) source.next(event('', 'x', id))
      expect(checkpoint.saved).toEqual([])
      clock.runOut()
      expect(checkpoint.saved[0]).toBe('1')
      expect(checkpoint.saved.at(-1)).toBe('3')
      subscription.unsubscribe()
    }
  })

  it('goes past an event whose error is taken, and past dropped events', () => {
    const source = new Subject<SseEvent>()
    const checkpoint = recorder()
    const stage = createStage('work')
    const errors: unknown[] = []
    source
      .pipe(
        processWith(
          (e) => {
            if (e.data === 'bad') throw new Error('bad')
            return of(1)
          },
          { onError: (error) => errors.push(error), stage },
        ),
        commit(checkpoint, { after: stage }),
      )
      .subscribe()
    source.next(event('bad', 'x', '1'))
    source.next(event('good', 'x', '2'))
    expect(errors).toHaveLength(1)
    expect(checkpoint.saved).toEqual(['1', '2'])
  })

  it('starts anew when the operator above is subscribed again', () => {
    const clock = new VirtualClock()
    const source = new Subject<SseEvent<number>>()
    const checkpoint = recorder()
    const stage = createStage('work')
    source
      .pipe(
        processWith(
          (e) =>
            timer(e.data, clock).pipe(
              tap(() => {
                if (e.type === 'bad') throw new Error('bad')
              }),
            ),
          { concurrency: 2, stage },
        ),
        retry({ delay: () => timer(100, clock) }),
        commit(checkpoint, { after: stage }),
      )
      .subscribe()
    source.next(event(50, 'good', '1'))
    source.next(event(10, 'bad', '2'))
    clock.advanceTo(200)
    expect(checkpoint.saved).toEqual([])
    // A source that resumes sends both again.
    source.next(event(20, 'good', '1'))
    source.next(event(10, 'good', '2'))
    clock.runOut()
    expect(checkpoint.saved).toEqual(['2'])
  })
})

describe('commit', () => {
  it('counts an event as handled when it has passed it on', () => {
    const source = new Subject<SseEvent>()
    const checkpoint = recorder()
    const seen: unknown[] = []
    source
      .pipe(
        map((e) => e),
        commit(checkpoint),
      )
      .subscribe((e) => seen.push([e.lastEventId, [...checkpoint.saved]]))
    for (const id of ['', '1', '1', '2']) source.next(event('', 'x', id))
    expect(seen).toEqual([
      ['', []],
      ['1', []],
      ['1', ['1']],
      ['2', ['1']],
    ])
    expect(checkpoint.saved).toEqual(['1', '2'])
  })

  it('runs one save at a time, then saves the last ID of the meantime, and completes after that', async () => {
    const source = new Subject<SseEvent>()
    const saves: { readonly id: string; readonly done: () => void }[] = []
    const endings: string[] = []
    source
      .pipe(commit({ save: (id) => new Promise<void>((resolve) => saves.push({ id, done: resolve })) }))
      .subscribe({ complete: () => endings.push('complete') })
    for (const id of ['1', '2', '3']) source.next(event('', 'x', id))
    source.complete()
    expect(saves.map((s) => s.id)).toEqual(['1'])
    saves[0]?.done()
    await turn()
    expect(saves.map((s) => s.id)).toEqual(['1', '3'])
    expect(endings).toEqual([])
    saves[1]?.done()
    await turn()
    expect(endings).toEqual(['complete'])
  })

  it('saves one ID at a time, also with a thenable that settles twice', async () => {
    const { settle, create } = createThenables<void>()
    const saved: string[] = []
    const save = (id: string) => {
      saved.push(id)
      return create()
    }
    const source = new Subject<SseEvent>()
    source.pipe(commit({ save })).subscribe()
    for (const id of ['1', '2']) source.next(event('', 'x', id))
    await turn()
    settle[0]?.()
    await turn()
    source.next(event('', 'x', '3'))
    settle[0]?.()
    await turn()
    expect(saved).toEqual(['1', '2'])
  })

  it('errors if a save throws or rejects', async () => {
    for (const save of [
      () => Promise.reject(new Error('full')),
      () => {
        throw new Error('full')
      },
    ]) {
      const errors: unknown[] = []
      const source = new Subject<SseEvent>()
      source.pipe(commit({ save })).subscribe({ error: (e) => errors.push(e.message) })
      source.next(event('', 'x', '1'))
      await turn()
      expect(errors).toEqual(['full'])
      expect(source.observed).toBe(false)
    }
  })

  it('has a stage of its own if it is given one', () => {
    const stage = createStage('commit')
    of(event('', 'x', '1'), event('', 'x', '2'))
      .pipe(commit(recorder(), { stage }), take(2))
      .subscribe()
    expect(stage.counts()).toMatchObject({ in: 2, out: 2, buffered: 0 })
  })
})

conformance<SseEvent, SseEvent>('commit', {
  operator: (options) => commit(recorder(), options),
  input: (i) => event('', 'x', String(i)),
})
