import { VirtualClock } from '@rxsse/testing/virtual-time'
import fc from 'fast-check'
import { concatMap, of, Subject, timer } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { conformance } from '../../test/conformance.ts'
import { countingGate } from '../../test/gate.ts'
import { batchWith } from './batch-with.ts'
import { conflateWith } from './conflate-with.ts'

const steps = fc.array(fc.integer({ min: 0, max: 12 }), { maxLength: 40, size: 'max' })

describe('batchWith', () => {
  it('gets an event at once while idle, and the events that came while it was busy in one batch', () => {
    const clock = new VirtualClock()
    const source = new Subject<number>()
    const seen: unknown[] = []
    source
      .pipe(batchWith({ maxItems: 3 }, (batch) => timer(10, clock).pipe(concatMap(() => of(batch)))))
      .subscribe((batch) => seen.push([clock.now(), batch]))
    for (const n of [0, 1, 2, 3, 4, 5]) source.next(n)
    clock.runOut()
    expect(seen).toEqual([
      [10, [0]],
      [20, [1, 2, 3]],
      [30, [4, 5]],
    ])
  })

  it('keeps batches within their weight, and makes a batch of an event that is too heavy', () => {
    const clock = new VirtualClock()
    const source = new Subject<number>()
    const seen: unknown[] = []
    source
      .pipe(
        batchWith({ maxItems: 9, maxWeight: 10, weight: (n) => n }, (batch) =>
          timer(1, clock).pipe(concatMap(() => of(batch))),
        ),
      )
      .subscribe((batch) => seen.push(batch))
    for (const n of [1, 4, 6, 25, 1]) source.next(n)
    clock.runOut()
    expect(seen).toEqual([[1], [4, 6], [25], [1]])
  })

  it.each([Number.NaN, -1])('errors at the weight %d, which would disable the limit', (weight) => {
    const errors: string[] = []
    of(1)
      .pipe(batchWith({ maxItems: 9, maxWeight: 10, weight: () => weight }, (batch) => of(batch)))
      .subscribe({ error: (error) => errors.push(error.message) })
    expect(errors).toEqual([`batchWith: weight must be a number of at least 0, not the number ${weight}`])
  })

  it('handles everything once and in order, within its limits, with any timing', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 5 }), (waits, maxItems) => {
        const clock = new VirtualClock()
        const gate = countingGate(1)
        const source = new Subject<number>()
        const seen: number[] = []
        let busy = false
        source
          .pipe(
            batchWith(
              { maxItems },
              (batch) => {
                expect(busy).toBe(false)
                expect(batch.length).toBeLessThanOrEqual(maxItems)
                busy = true
                return timer(7, clock).pipe(
                  concatMap(() => {
                    busy = false
                    return batch
                  }),
                )
              },
              { gate },
            ),
          )
          .subscribe((n) => seen.push(n))
        for (const [n, wait] of waits.entries()) {
          clock.advanceBy(wait)
          source.next(n)
        }
        source.complete()
        clock.runOut()
        expect(seen).toEqual([...waits.keys()])
        expect(gate.held).toBe(0)
      }),
    )
  })

  it('refuses anything but a function', () => {
    // @ts-expect-error it needs one
    expect(() => batchWith({ maxItems: 1 })).toThrow('batchWith: fn must be a function, not undefined')
  })

  it('refuses limits below 1', () => {
    expect(() => batchWith({ maxItems: 0 }, () => of(1))).toThrow(
      'batchWith: maxItems must be a whole number of at least 1, or Infinity, not the number 0',
    )
    expect(() => batchWith({ maxItems: 1, maxWeight: 0 }, () => of(1))).toThrow(
      'batchWith: maxWeight must be a number above 0, not the number 0',
    )
  })
})

describe('conflateWith', () => {
  it('folds each event once, also if fold sends one itself', () => {
    const clock = new VirtualClock()
    const source = new Subject<number>()
    const seen: unknown[] = []
    source
      .pipe(
        conflateWith(
          (list: readonly number[] | undefined, n: number) => {
            if (n % 3 === 1) source.next(n + 100)
            return [...(list ?? []), n]
          },
          (list) => timer(10, clock).pipe(concatMap(() => of(list))),
        ),
      )
      .subscribe((list) => seen.push(list))
    for (const n of [0, 1, 2, 4]) source.next(n)
    clock.runOut()
    expect(seen).toEqual([[0], [1, 101, 2, 4, 104]])
  })

  it('folds the events that come while it is busy, and loses none', () => {
    fc.assert(
      fc.property(steps, (waits) => {
        const clock = new VirtualClock()
        const source = new Subject<number>()
        const seen: (readonly number[])[] = []
        source
          .pipe(
            conflateWith(
              (pending: readonly number[] = [], n) => [...pending, n],
              (createFoldAggregate) => timer(7, clock).pipe(concatMap(() => of(createFoldAggregate))),
            ),
          )
          .subscribe((createFoldAggregate) => seen.push(createFoldAggregate))
        for (const [n, wait] of waits.entries()) {
          clock.advanceBy(wait)
          source.next(n)
        }
        source.complete()
        clock.runOut()
        expect(seen.flat()).toEqual([...waits.keys()])
        if (waits.length > 0) expect(seen[0]).toEqual([0])
      }),
    )
  })

  it('goes on with later events if onError takes what the function threw', () => {
    const source = new Subject<number>()
    const seen: number[] = []
    const errors: unknown[] = []
    source
      .pipe(
        conflateWith(
          (sum: number = 0, n) => sum + n,
          (sum) => {
            if (sum === 1) throw new Error('one')
            return of(sum)
          },
          { onError: (_, sum) => errors.push(sum) },
        ),
      )
      .subscribe((n) => seen.push(n))
    source.next(1)
    source.next(2)
    expect(errors).toEqual([1])
    expect(seen).toEqual([2])
  })
})

it('conflateWith errors with what its function throws if there is no onError', () => {
  const errors: unknown[] = []
  of(1)
    .pipe(
      conflateWith(
        (_: number | undefined, n) => n,
        () => {
          throw 'one'
        },
      ),
    )
    .subscribe({ error: (error) => errors.push(error) })
  expect(errors).toEqual(['one'])
})

it('conflateWith refuses anything but functions', () => {
  // @ts-expect-error a number folds nothing
  expect(() => conflateWith(5, () => of(1))).toThrow(
    'conflateWith: fold must be a function, not the number 5',
  )
  // @ts-expect-error it needs two
  expect(() => conflateWith((_, n: number) => n)).toThrow(
    'conflateWith: fn must be a function, not undefined',
  )
})

const input = (i: number) => i
conformance<number, number>('batchWith', {
  operator: (options) =>
    batchWith({ maxItems: 4 }, (batch) => timer(5, options.scheduler).pipe(concatMap(() => batch)), options),
  input,
  failing: (fail, { onError, ...options }) =>
    batchWith({ maxItems: 1 }, fail, {
      ...options,
      ...(onError && {
        onError: (error, batch) =>
          batch.forEach((e) => {
            onError(error, e)
          }),
      }),
    }),
})
conformance<number, number>('conflateWith', {
  operator: (options) =>
    conflateWith(
      (sum: number = 0, n) => sum + n,
      (sum) => timer(5, options.scheduler).pipe(concatMap(() => of(sum))),
      options,
    ),
  input,
  failing: (fail, { onError, ...options }) =>
    conflateWith(fail, (n: number) => of(n), { ...options, ...(onError && { onFoldError: onError }) }),
})
