import { delay, EMPTY, NEVER, type Observable, of, throwError } from 'rxjs'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { conformance } from '../../test/conformance.ts'
import { createProgress } from '../progress/progress.ts'
import { joinWithin } from './join-within.ts'

interface Item {
  readonly id: string
  readonly at: number
}

const item = (id: string, at: number): Item => ({ id, at })
const side = { key: (i: Item) => i.id, timestamp: (i: Item) => i.at }

describe('joinWithin', () => {
  it('infers the types of events, and which side may be missing', () => {
    const right = of({ order: 1, amount: 5 })
    of({ id: 1 }).pipe(
      joinWithin(
        right,
        { left: { key: (o) => o.id }, right: { key: (p) => p.order }, within: 1 },
        (order, payment) => {
          expectTypeOf(order).toEqualTypeOf<{ id: number }>()
          expectTypeOf(payment).toEqualTypeOf<{ order: number; amount: number }>()
          return payment.amount
        },
      ),
      joinWithin(
        right,
        { left: { key: (n) => n }, right: { key: (p) => p.order }, within: 1, kind: 'left' },
        (amount, payment) => {
          expectTypeOf(amount).toEqualTypeOf<number>()
          expectTypeOf(payment).toEqualTypeOf<{ order: number; amount: number } | undefined>()
          return 1
        },
      ),
      joinWithin(
        right,
        { left: { key: (n) => n }, right: { key: (p) => p.order }, within: 1, kind: 'full' },
        (n, payment) => {
          expectTypeOf(n).toEqualTypeOf<number | undefined>()
          expectTypeOf(payment).toEqualTypeOf<{ order: number; amount: number } | undefined>()
          return 1
        },
      ),
    )
  })

  it('refuses wrong options', () => {
    const join = (options: object) => () =>
      joinWithin(
        EMPTY as Observable<Item>,
        { left: side, right: side, within: 1, ...options } as never,
        () => 1,
      )
    expect(join({ kind: 'outer' })).toThrow(
      new TypeError("joinWithin: kind must be 'inner', 'left' or 'full', not the string \"outer\""),
    )
    expect(join({ left: undefined, right: {} })).toThrow('joinWithin: left.key must be a function')
    expect(join({ right: { timestamp: side.timestamp } })).toThrow('joinWithin: right.key must be a function')
    expect(join({ right: { key: side.key } })).toThrow(
      'joinWithin: left.timestamp and right.timestamp must both be given, or none of them',
    )
    expect(join({ within: '5 minutes' })).toThrow('joinWithin: within must be a duration')
    expect(join({ within: { after: -1 } })).toThrow('joinWithin: within.after must be a duration')
    expect(join({ maxBuffered: 0 })).toThrow(
      'joinWithin: maxBuffered must be a whole number of at least 1, or Infinity',
    )
    expect(join({ progress: createProgress() })).toThrow('joinWithin: left.feed must be given if progress is')
    expect(join({ left: { ...side, feed: 'x' } })).toThrow('joinWithin: left.feed must be left out without')
  })
})

const input = (i: number) => item(`k${i % 3}`, i * 2)
for (const kind of ['inner', 'full'] as const) {
  conformance<Item, unknown>(`joinWithin, ${kind}`, {
    operator: (options) =>
      joinWithin(
        of(...Array.from({ length: 24 }, (_, i) => input(i))),
        { left: side, right: side, within: 5, kind, ...options },
        (a, b) => [a, b],
      ),
    input,
    others: 24,
  })
}
conformance<Item, unknown>('joinWithin by the time of arrival', {
  operator: (options) =>
    joinWithin(
      of('k0', 'k1').pipe(delay(5, options.scheduler)),
      { left: { key: (i) => i.id }, right: { key: (s) => s }, within: '2s', kind: 'left', ...options },
      (a, b) => [a, b],
    ),
  input,
  others: 2,
  failing: (fail, { onError, ...options }) =>
    joinWithin(
      EMPTY as Observable<Item>,
      {
        left: { key: fail },
        right: { key: fail },
        within: 1,
        ...options,
        ...(onError && { onError: (error, e) => onError(error, e.event) }),
      },
      () => 1,
    ),
  bounded: {
    keys: 2300,
    operator: (options) =>
      joinWithin(
        NEVER as Observable<Item>,
        { left: { key: (i) => `${i.at}` }, right: { key: (i) => i.id }, within: '1s', ...options },
        () => 1,
      ),
  },
})
it('passes on an error of a source that fails at once', () => {
  const errors: unknown[] = []
  NEVER.pipe(
    joinWithin(
      throwError(() => 'boom'),
      { left: { key: () => 1 }, right: { key: () => 1 }, within: 1 },
      () => 1,
    ),
  ).subscribe({ error: (error) => errors.push(error) })
  expect(errors).toEqual(['boom'])
})
