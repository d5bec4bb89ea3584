import { VirtualClock } from '@rxsse/testing/virtual-time'
import fc from 'fast-check'
import { concatMap, map, of, Subject, timer } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { conformance } from '../../test/conformance.ts'
import { event } from '../../test/events.ts'
import { turn } from '../../test/turn.ts'
import type { SseEvent } from '../event.ts'
import { batchWith } from './batch-with.ts'
import { commit } from './commit.ts'
import { conflateWith } from './conflate-with.ts'
import { instrument } from './instrument.ts'
import { processWith } from './process-with.ts'

function recorder() {
  const saved: string[] = []
  return { saved, save: (id: string) => void saved.push(id) }
}

describe('commit', () => {
  it('saves the end of the contiguous prefix of what is handled, in whatever order that happens', () => {
    const clock = new VirtualClock()
    const source = new Subject<SseEvent<number>>()
    const checkpoint = recorder()
    source
      .pipe(
        processWith((e) => timer(e.data, clock), { concurrency: 3 }),
        commit(checkpoint),
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

  it('never saves past an event that is not handled, and in the end saves the last', () => {
    const steps = fc.array(
      fc.record({ wait: fc.integer({ min: 0, max: 9 }), takes: fc.integer({ min: 0, max: 30 }) }),
      { minLength: 1, maxLength: 30, size: 'max' },
    )
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 5 }), (stream, concurrency) => {
        const clock = new VirtualClock()
        const source = new Subject<SseEvent<number>>()
        const handled = new Set<number>()
        let last = -1
        source
          .pipe(
            processWith((e) => timer(e.data, clock).pipe(map(() => handled.add(Number(e.lastEventId)))), {
              concurrency,
            }),
            commit({
              save(id) {
                for (let n = 0; n <= Number(id); n++) expect(handled.has(n)).toBe(true)
                expect(Number(id)).toBeGreaterThan(last)
                last = Number(id)
              },
            }),
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

  it('follows batches and what was folded into one', () => {
    const clock = new VirtualClock()
    const busy = () => timer(10, clock).pipe(concatMap(() => []))
    for (const operator of [
      batchWith({ maxItems: 2 }, busy),
      conflateWith((_: unknown, e: SseEvent) => e, busy),
      processWith(busy),
    ]) {
      const source = new Subject<SseEvent>()
      const checkpoint = recorder()
      source.pipe(operator, commit(checkpoint)).subscribe()
      for (const id of ['1', '2', '3']) source.next(event('', 'x', id))
      expect(checkpoint.saved).toEqual([])
      clock.runOut()
      expect(checkpoint.saved[0]).toBe('1')
      expect(checkpoint.saved.at(-1)).toBe('3')
    }
  })

  it('goes past what fails and is taken, and past what is dropped', () => {
    const source = new Subject<SseEvent>()
    const checkpoint = recorder()
    const errors: unknown[] = []
    source
      .pipe(
        processWith(
          (e) => {
            if (e.data === 'bad') throw new Error('bad')
            return of(1)
          },
          { onError: (error) => errors.push(error) },
        ),
        commit(checkpoint),
      )
      .subscribe()
    source.next(event('bad', 'x', '1'))
    source.next(event('good', 'x', '2'))
    expect(errors).toHaveLength(1)
    expect(checkpoint.saved).toEqual(['1', '2'])
  })

  it('counts what passes as handled below any other operator', () => {
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

  it('has one save under way, then saves the last of what came meanwhile, and completes after that', async () => {
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

  it('errors where a save throws or rejects', async () => {
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

  it('works beside instrument, on either side of it', () => {
    for (const order of ['before', 'after'] as const) {
      const source = new Subject<SseEvent>()
      const checkpoint = recorder()
      const reports: number[] = []
      const metrics = instrument<number>('work', (m) => reports.push(m.out), { every: 0 })
      const handled = source.pipe(processWith((e) => of(e.data.length)))
      const piped =
        order === 'before'
          ? handled.pipe(metrics, commit(checkpoint))
          : handled.pipe(commit(checkpoint), metrics)
      piped.subscribe()
      source.next(event('', 'x', '1'))
      source.next(event('', 'x', '2'))
      expect(checkpoint.saved).toEqual(['1', '2'])
      expect(reports.at(-1)).toBe(2)
    }
  })

  it('says what it needs where events have no id', () => {
    const errors: string[] = []
    of(5)
      .pipe(commit(recorder()))
      .subscribe({ error: (e) => errors.push(e.message) })
    expect(errors).toEqual([
      'commit needs events with a lastEventId, got the number 5. It belongs right below what handles the events',
    ])
    // @ts-expect-error there is no save
    expect(() => commit({})).toThrow('commit needs a checkpoint with save(id), not an object with no keys')
  })
})

conformance<SseEvent, SseEvent>('commit', {
  operator: () => commit(recorder()),
  input: (i) => event('', 'x', String(i)),
})
