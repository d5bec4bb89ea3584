import { VirtualClock } from '@rxsse/testing/virtual-time'
import { of, Subject } from 'rxjs'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { conformance } from '../../test/conformance.ts'
import { lag } from './lag.ts'

interface Price {
  readonly symbol: string
  readonly price: number
}

const price = (symbol: string, price: number): Price => ({ symbol, price })

describe('lag', () => {
  it('combines each event with the previous one of its key', () => {
    const moves: unknown[] = []
    of(price('a', 1), price('b', 10), price('a', 2), price('b', 20), price('a', 3))
      .pipe(lag({ key: (p) => p.symbol }, (now, before) => [now.symbol, before?.price, now.price]))
      .subscribe((move) => moves.push(move))
    expect(moves).toEqual([
      ['a', undefined, 1],
      ['b', undefined, 10],
      ['a', 1, 2],
      ['b', 10, 20],
      ['a', 2, 3],
    ])
  })

  it('looks `offset` events back', () => {
    const pairs: unknown[] = []
    of(1, 2, 3, 4, 5)
      .pipe(lag({ offset: 3 }, (now, before) => [before, now]))
      .subscribe((pair) => pairs.push(pair))
    expect(pairs).toEqual([
      [undefined, 1],
      [undefined, 2],
      [undefined, 3],
      [1, 4],
      [2, 5],
    ])
  })

  it('compares keys that are tuples by value', () => {
    const seen: unknown[] = []
    of(['x', 1], ['x', 2], ['x', 1])
      .pipe(lag({ key: ([a, b]) => [a, b] }, (_, before) => before))
      .subscribe((before) => seen.push(before))
    expect(seen).toEqual([undefined, undefined, ['x', 1]])
  })

  it('starts anew if a key has been quiet for its ttl, and tells onEvicted', () => {
    const clock = new VirtualClock()
    const prices = new Subject<Price>()
    const seen: unknown[] = []
    const evicted: unknown[] = []
    prices
      .pipe(
        lag(
          { key: (p) => p.symbol, ttl: '1s', scheduler: clock, onEvicted: (e) => evicted.push(e) },
          (_, before) => before?.price,
        ),
      )
      .subscribe((before) => seen.push(before))
    prices.next(price('a', 1))
    clock.advanceTo(999)
    prices.next(price('a', 2))
    clock.advanceTo(1999)
    prices.next(price('a', 3))
    expect(seen).toEqual([undefined, 1, undefined])
    expect(evicted).toEqual([{ key: 'a', reason: 'ttl' }])
  })

  it('infers its types', () => {
    of(price('a', 1))
      .pipe(lag({ key: (p) => p.symbol }, (now, before) => ({ now, before })))
      .subscribe((pair) => expectTypeOf(pair).toEqualTypeOf<{ now: Price; before: Price | undefined }>())
    // @ts-expect-error a key is a primitive or a tuple of primitives
    expect(() => of(price('a', 1)).pipe(lag({ key: (p) => p }, (now) => now))).not.toThrow()
  })

  it('remembers an event whose projection threw, so that the next event is compared with it', () => {
    const seen: unknown[] = []
    const left: unknown[] = []
    const bad = { symbol: 'a' } as Price
    of(price('a', 1), bad, price('a', 2), price('a', 3))
      .pipe(
        lag({ key: (p) => p.symbol, onError: (_, event) => left.push(event) }, (now, before) => {
          if (before !== undefined && before.price === undefined) throw new Error('no price to compare with')
          return [before?.price, now.price.toFixed(0)]
        }),
      )
      .subscribe((pair) => seen.push(pair))
    expect(seen).toEqual([
      [undefined, '1'],
      [2, '3'],
    ])
    expect(left).toEqual([bad, price('a', 2)])
  })

  it('refuses a maxKeys of 0', () => {
    expect(() => lag({ maxKeys: 0 }, () => 0)).toThrow(
      'lag: maxKeys must be a whole number of at least 1, or Infinity, not the number 0',
    )
  })

  it('refuses an offset that is not a whole number of at least 1', () => {
    for (const offset of [0, -1, 1.5, Number.NaN]) {
      expect(() => lag({ offset }, () => 0)).toThrow(/^lag: offset must be a whole number of at least 1/)
    }
  })
})

conformance<Price, unknown>('lag', {
  operator: (options) =>
    lag({ key: (p) => p.symbol, ttl: '10s', ...options }, (now, before) => [before, now]),
  input: (i) => price(`s${i % 3}`, i),
  failing: (fail, options) => lag(options, fail),
  bounded: {
    keys: 1200,
    operator: (options) => lag({ key: (p) => p.price, ttl: '1s', ...options }, (now) => now),
  },
})
