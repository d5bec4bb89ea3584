import { VirtualClock } from '@rxsse/testing/virtual-time'
import fc from 'fast-check'
import { concatMap, NEVER, of, range, Subject, take, timer } from 'rxjs'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { countingGate } from '../../test/gate.ts'
import { processed } from '../../test/processed.ts'
import { createStage } from '../stage/create-stage.ts'
import { BufferOverflowError } from './job-queue.ts'
import { processWith } from './process-with.ts'

describe('processWith', () => {
  it('handles one event after another, in order, and completes after the last', () => {
    const { clock, source, seen, endings } = processed({})
    for (const id of [0, 1, 2]) source.next([id, 10])
    source.complete()
    clock.runOut()
    expect(seen).toEqual([
      [10, 0],
      [20, 1],
      [30, 2],
    ])
    expect(endings).toEqual(['complete'])
  })

  it('handles up to `concurrency` events at a time, and emits results when they are ready', () => {
    const { clock, source, seen, mostActive } = processed({ concurrency: 2 })
    for (const [id, takes] of [
      [0, 30],
      [1, 10],
      [2, 10],
      [3, 10],
    ] as const)
      source.next([id, takes])
    clock.runOut()
    expect(seen).toEqual([
      [10, 1],
      [20, 2],
      [30, 0],
      [30, 3],
    ])
    expect(mostActive()).toBe(2)
  })

  it('emits results in the order of the events with `ordered`, and never handles more than `concurrency`', () => {
    const job = fc.record({ takes: fc.nat(20), after: fc.nat(5) })
    fc.assert(
      fc.property(fc.array(job), fc.integer({ min: 1, max: 4 }), (jobs, concurrency) => {
        const { clock, source, seen, endings, mostActive } = processed({ concurrency, ordered: true })
        // The model: an event begins when it has come and the event `concurrency` places before it is out.
        const expected: [number, number][] = []
        let now = 0
        for (const [id, { takes, after }] of jobs.entries()) {
          now += after
          const begins = Math.max(now, expected[id - concurrency]?.[0] ?? 0)
          expected.push([Math.max(expected[id - 1]?.[0] ?? 0, begins + takes), id])
        }
        for (const [id, { takes, after }] of jobs.entries()) {
          clock.advanceBy(after)
          source.next([id, takes])
        }
        source.complete()
        clock.runOut()
        expect(seen).toEqual(expected)
        expect(endings).toEqual(['complete'])
        expect(mostActive()).toBeLessThanOrEqual(concurrency)
      }),
    )
  })

  it('passes results and errors on when their event is first in line with `ordered`', () => {
    const clock = new VirtualClock()
    const seen: unknown[] = []
    const stage = createStage('ordered')
    of(30, 10, 20, 5)
      .pipe(
        processWith(
          (takes) =>
            timer(takes, clock).pipe(
              concatMap(() => {
                if (takes === 10) throw new Error('ten')
                return of(takes, undefined)
              }),
            ),
          { concurrency: 4, ordered: true, stage, onError: (error) => seen.push((error as Error).message) },
        ),
      )
      .subscribe((value) => seen.push(value))
    clock.advanceTo(29)
    expect(seen).toEqual([])
    expect(stage.counts()).toMatchObject({ out: 0, buffered: 4 })
    clock.runOut()
    expect(seen).toEqual([30, undefined, 'ten', 20, undefined, 5, undefined])
    expect(stage.counts()).toMatchObject({ out: 3, rejected: 1, buffered: 0 })
  })

  it('handles one event of a key at a time with `orderBy`, in order, and others meanwhile', () => {
    const job = fc.record({ takes: fc.nat(20), after: fc.nat(5), key: fc.nat(2) })
    fc.assert(
      fc.property(fc.array(job), fc.integer({ min: 1, max: 4 }), (jobs, concurrency) => {
        const selectKey = ([id]: readonly [number, number]) => jobs[id]?.key
        const { clock, source, seen, endings, mostActive } = processed({ concurrency, orderBy: selectKey })
        for (const [id, { takes, after }] of jobs.entries()) {
          clock.advanceBy(after)
          source.next([id, takes])
        }
        source.complete()
        clock.runOut()
        expect(endings).toEqual(['complete'])
        expect(mostActive()).toBeLessThanOrEqual(Math.min(concurrency, 3))
        // Of one key, each result comes after the one before it by as long as its job takes, or more.
        for (const key of [0, 1, 2]) {
          const own = seen.filter(([, id]) => jobs[id]?.key === key)
          expect(own.map(([, id]) => id)).toEqual([...jobs.keys()].filter((id) => jobs[id]?.key === key))
          for (const [i, [time, id]] of own.entries()) {
            expect(time).toBeGreaterThanOrEqual((own[i - 1]?.[0] ?? 0) + (jobs[id]?.takes ?? 0))
          }
        }
      }),
    )
  })

  it('does not wait with `orderBy` for a key whose event takes long, and bounds what waits for it', () => {
    const { clock, source, seen, endings } = processed({
      concurrency: 2,
      buffer: 1,
      orderBy: ([id]) => id % 10,
    })
    source.next([1, 100])
    source.next([11, 10])
    source.next([2, 10])
    clock.advanceTo(50)
    expect(seen).toEqual([[10, 2]])
    source.next([21, 10])
    expect(endings).toEqual([expect.any(BufferOverflowError)])
  })

  it('cancels running jobs when it is unsubscribed, also a synchronous observable', () => {
    const { source, subscription, active } = processed({ concurrency: 3 })
    for (const id of [0, 1, 2]) source.next([id, 10])
    expect(active()).toBe(3)
    subscription.unsubscribe()
    expect(active()).toBe(0)

    let produced = 0
    const endless = range(0, 1e9).pipe(
      concatMap((n) => {
        produced++
        return of(n)
      }),
    )
    of(1)
      .pipe(
        processWith(() => endless),
        take(3),
      )
      .subscribe()
    expect(produced).toBeLessThan(1e9)
  })

  it('accepts promises, arrays, and functions that throw', async () => {
    const seen: unknown[] = []
    const errors: unknown[] = []
    const boom = new Error('boom')
    await new Promise<void>((complete) =>
      of('promise', 'array', 'throws', 'rejects')
        .pipe(
          processWith(
            (kind: string): Promise<string> | string[] => {
              if (kind === 'throws') throw boom
              if (kind === 'rejects') return Promise.reject(boom)
              return kind === 'array' ? [kind, kind] : Promise.resolve(kind)
            },
            { onError: (error, event) => errors.push([event, error]) },
          ),
        )
        .subscribe({ next: (value) => seen.push(value), complete }),
    )
    expect(seen).toEqual(['promise', 'array', 'array'])
    expect(errors).toEqual([
      ['throws', boom],
      ['rejects', boom],
    ])
  })

  it('handles a hundred thousand synchronous jobs without a stack overflow', () => {
    const slow = new Subject<number>()
    const source = new Subject<number>()
    let handled = 0
    source.pipe(processWith((n) => (n === 0 ? slow : of(n)), { buffer: 1e6 })).subscribe(() => handled++)
    for (let n = 0; n <= 100_000; n++) source.next(n)
    expect(handled).toBe(0)
    slow.complete()
    expect(handled).toBe(100_000)
  })

  it('handles everything once, never more than `concurrency` at a time, with any timing', () => {
    const steps = fc.array(
      fc.record({ wait: fc.integer({ min: 0, max: 9 }), takes: fc.integer({ min: 0, max: 30 }) }),
      { maxLength: 40, size: 'max' },
    )
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 4 }), (stream, concurrency) => {
        const gate = countingGate(1)
        const { clock, source, seen, mostActive } = processed({ concurrency, gate })
        for (const [id, { wait, takes }] of stream.entries()) {
          clock.advanceBy(wait)
          source.next([id, takes])
        }
        clock.runOut()
        expect(seen.map(([, id]) => id).sort((a, b) => a - b)).toEqual([...stream.keys()])
        if (concurrency === 1) expect(seen.map(([, id]) => id)).toEqual([...stream.keys()])
        expect(mostActive()).toBeLessThanOrEqual(concurrency)
        expect(gate.held).toBe(0)
      }),
    )
  })

  it('refuses wrong options', () => {
    const fn = () => NEVER
    // @ts-expect-error a promise is no function
    expect(() => processWith(Promise.resolve(1))).toThrow(
      /^processWith: fn must be a function, not an object/,
    )
    expect(() => processWith(fn, { overflow: 'pause' })).toThrow(
      "processWith: overflow 'pause' needs a gate, which the source's reader must have too",
    )
    expect(() => processWith(fn, { gate: countingGate(1), buffer: 5 })).toThrow(
      /^processWith: buffer has no meaning with overflow 'pause'/,
    )
    expect(() => processWith(fn, { buffer: -1 })).toThrow(
      'processWith: buffer must be a whole number of at least 0, or Infinity, not the number -1',
    )
    expect(() => processWith(fn, { concurrency: 0 })).toThrow(
      'processWith: concurrency must be a whole number of at least 1, or Infinity, not the number 0',
    )
    expect(() => processWith(fn, { overflow: 'block' as 'fail' })).toThrow(/^processWith: overflow must be/)
    // @ts-expect-error a number is no gate
    expect(() => processWith(fn, { gate: 5 })).toThrow(
      'processWith: gate must be a gate with acquire() and release(), not the number 5',
    )
  })

  it('infers its types', () => {
    of(1)
      .pipe(processWith(async (n) => String(n)))
      .subscribe((s) => expectTypeOf(s).toEqualTypeOf<string>())
  })
})
