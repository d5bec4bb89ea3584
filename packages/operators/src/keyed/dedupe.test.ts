import { VirtualClock } from '@rxsse/testing/virtual-time'
import fc from 'fast-check'
import { of, Subject } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { conformance } from '../../test/conformance.ts'
import { dedupe } from './dedupe.ts'

interface Item {
  readonly key: string
  readonly n: number
}

describe('dedupe', () => {
  it('goes by event time with `timestamp`, so that a replay gives what the live stream gave', () => {
    const minute = 60_000
    const stream = [0, 5, 12, 19, 11, 30].map((at) => ({ at: at * minute, key: 'a' }))
    const run = (pause: number) => {
      const clock = new VirtualClock()
      const source = new Subject<(typeof stream)[number]>()
      const seen: number[] = []
      source
        .pipe(dedupe({ key: (e) => e.key, ttl: '10m', timestamp: (e) => e.at, scheduler: clock }))
        .subscribe((e) => seen.push(e.at / minute))
      for (const e of stream) {
        source.next(e)
        clock.advanceBy(pause)
      }
      return seen
    }
    expect(run(0)).toEqual([0, 12, 30])
    expect(run(60 * minute)).toEqual([0, 12, 30])
  })

  it('refuses an event without a key or a time', () => {
    const errors: string[] = []
    const onError = (error: unknown) => errors.push((error as Error).message)
    const seen: unknown[] = []
    of({ id: undefined, at: 1 }, { id: 'a', at: Number.NaN }, { id: 'b', at: 2 })
      .pipe(dedupe({ key: (e) => e.id, ttl: 10, timestamp: (e) => e.at, onError }))
      .subscribe((e) => seen.push(e.id))
    expect(seen).toEqual(['b'])
    expect(errors).toEqual([
      'dedupe: the key of an event must not be undefined',
      'dedupe: the timestamp must be a finite number or a valid Date within ±8.64e15, not the number NaN',
    ])
  })

  it('goes by the times of a feed that is behind another one too, as if it had been alone', () => {
    const seen: unknown[] = []
    of(['ahead', 60], ['a', 0], ['a', 5], ['a', 15], ['a', 20], ['ahead', 65], ['a', 26], ['ahead', 71])
      .pipe(dedupe({ key: ([id]) => id, ttl: 10, timestamp: ([, at]) => at as number }))
      .subscribe((event) => seen.push(event))
    expect(seen).toEqual([
      ['ahead', 60],
      ['a', 0],
      ['a', 15],
      ['a', 26],
      ['ahead', 71],
    ])
  })

  it('knows a repetition also if every time is too far in the future', () => {
    const clock = new VirtualClock()
    const seen: unknown[] = []
    of(['a', 1e9], ['b', 1e9 + 1], ['a', 1e9 + 2], ['a', 1e9 + 10])
      .pipe(
        dedupe({
          key: ([id]) => id,
          ttl: 10,
          timestamp: ([, at]) => at as number,
          maxFutureDrift: 1000,
          scheduler: clock,
        }),
      )
      .subscribe((event) => seen.push(event))
    expect(seen).toEqual([
      ['a', 1e9],
      ['b', 1e9 + 1],
      ['a', 1e9 + 10],
    ])
  })

  it('refuses a time outside the range of dates, which would make its ttl stand still for good', () => {
    const errors: unknown[] = []
    const seen: number[] = []
    of([1, 0], [2, 1e300], [1, 100])
      .pipe(
        dedupe({
          key: ([id]) => id,
          ttl: 50,
          timestamp: ([, at]) => at as number,
          onError: (_, event) => errors.push(event),
        }),
      )
      .subscribe(([, at]) => seen.push(at as number))
    expect(seen).toEqual([0, 100])
    expect(errors).toEqual([[2, 1e300]])
  })

  it('disregards a time too far in the future for its ttl, if `maxFutureDrift` says so', () => {
    const clock = new VirtualClock()
    const source = new Subject<readonly [id: string, at: number]>()
    const seen: unknown[] = []
    source
      .pipe(
        dedupe({
          key: ([id]) => id,
          ttl: 50,
          timestamp: ([, at]) => at,
          maxFutureDrift: 1000,
          scheduler: clock,
        }),
      )
      .subscribe((event) => seen.push(event))
    const year = 31_536_000_000
    for (const at of [0, 20, 60]) {
      clock.advanceTo(at)
      source.next(['a', at])
      source.next(['clock ahead', year + at])
    }
    source.next(['a little ahead', 1060])
    source.next(['a', 61])
    expect(seen).toEqual([
      ['a', 0],
      ['clock ahead', year],
      ['a', 60],
      ['clock ahead', year + 60],
      ['a little ahead', 1060],
      ['a', 61],
    ])
    expect(() => dedupe({ key: Number, maxFutureDrift: 5 })).toThrow(
      'dedupe: maxFutureDrift must be left out without timestamp',
    )
  })

  it('emits a key once in its ttl, counted from the emitted event', () => {
    const steps = fc.array(
      fc.record({ wait: fc.integer({ min: 0, max: 8 }), key: fc.constantFrom('a', 'b', 'c') }),
    )
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 20 }), (stream, ttl) => {
        const clock = new VirtualClock()
        const source = new Subject<Item>()
        const seen: number[] = []
        const dropped: number[] = []
        source
          .pipe(dedupe({ key: (i) => i.key, ttl, scheduler: clock, onDropped: (i) => dropped.push(i.n) }))
          .subscribe((i) => seen.push(i.n))
        const expected: number[] = []
        const last = new Map<string, number>()
        for (const [n, { wait, key }] of stream.entries()) {
          clock.advanceBy(wait)
          source.next({ key, n })
          if (clock.now() - (last.get(key) ?? Number.NEGATIVE_INFINITY) < ttl) continue
          last.set(key, clock.now())
          expected.push(n)
        }
        expect(seen).toEqual(expected)
        expect([...seen, ...dropped].sort((a, b) => a - b)).toEqual([...stream.keys()])
      }),
      { numRuns: 500 },
    )
  })

  it('evicts the oldest key first with `maxKeys`, and tells onEvicted', () => {
    const source = new Subject<string>()
    const seen: string[] = []
    const evicted: unknown[] = []
    source
      .pipe(dedupe({ key: (s) => s, maxKeys: 2, onEvicted: (e) => evicted.push(e) }))
      .subscribe((s) => seen.push(s))
    for (const s of ['a', 'b', 'a', 'c', 'b', 'a']) source.next(s)
    expect(seen).toEqual(['a', 'b', 'c', 'a'])
    expect(evicted).toEqual([
      { key: 'a', reason: 'max-keys' },
      { key: 'b', reason: 'max-keys' },
    ])
  })

  it('compares tuples by value, and distinguishes 1 and "1"', () => {
    const source = new Subject<readonly (string | number)[]>()
    const seen: unknown[] = []
    source.pipe(dedupe({ key: (t) => t })).subscribe((t) => seen.push(t))
    for (const t of [['a', 1], ['a', '1'], ['a', 1], ['a1'], ['a', 1, '']]) source.next(t)
    expect(seen).toEqual([['a', 1], ['a', '1'], ['a1'], ['a', 1, '']])
  })

  it('says what a key may be if it gets an object', () => {
    const errors: string[] = []
    const source = new Subject<{ id: number }>()
    source
      .pipe(dedupe({ key: (o) => o as unknown as string }))
      .subscribe({ error: (e) => errors.push(e.message) })
    source.next({ id: 1 })
    expect(errors).toEqual(['a key must be a primitive or an array of primitives, not an object with id'])
  })
})

conformance<Item, Item>('dedupe', {
  operator: (options) => dedupe({ key: (i) => i.n % 5, ttl: '10s', ...options }),
  input: (n) => ({ key: `k${n}`, n }),
  failing: (fail, options) => dedupe({ key: fail, ...options }),
  bounded: { keys: 1200, operator: (options) => dedupe({ key: (i) => i.key, ttl: '1s', ...options }) },
})
