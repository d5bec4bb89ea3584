import { VirtualClock } from '@rxsse/testing/virtual-time'
import fc from 'fast-check'
import { from, of, Subject } from 'rxjs'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { conformance } from '../../test/conformance.ts'
import { event } from '../../test/events.ts'
import type { WindowResult } from '../engine/window-engine.ts'
import { commit } from '../flow/commit.ts'
import { createStage } from '../stage/create-stage.ts'
import { collectWindow } from './collect-window.ts'
import { countWindow } from './count-window.ts'

interface Order {
  readonly shop: string
  readonly id: number
}
type Result = WindowResult<string, { readonly ids: readonly number[] }>

const order = (shop: string, id: number): Order => ({ shop, id })
const orders = (...shops: string[]) => shops.map((shop, id) => order(shop, id))
const show = ({ key, window, value, pane, part }: Result) => [
  key,
  window.start,
  window.end,
  value.ids,
  pane,
  ...(part === undefined ? [] : [part]),
]

type Options = { readonly size: number; readonly every?: number; readonly maxKeys?: number }

function resultsOf(events: readonly Order[], options: Options) {
  const seen: unknown[] = []
  from(events)
    .pipe(
      countWindow({
        ...options,
        key: (o) => o.shop,
        aggregates: (a) => ({ ids: a.collect((o) => o.id) }),
      }),
    )
    .subscribe((result) => seen.push(show(result)))
  return seen
}

/** The events of a key in a list, and every slice of that list. */
function model(events: readonly Order[], size: number, every: number) {
  const full: unknown[][] = []
  const rest: unknown[][] = []
  for (const shop of new Set(events.map((o) => o.shop))) {
    const ids = events.filter((o) => o.shop === shop).map((o) => o.id)
    for (let start = 0; start < ids.length; start += every) {
      const inside = ids.slice(start, start + size)
      const isFull = inside.length === size
      const result = [shop, start, start + size, inside, isFull ? 'on-time' : 'flush']
      ;(isFull ? full : rest).push(result)
    }
  }
  // A window fires with its last event.
  return [...full.sort((a, b) => lastOf(a) - lastOf(b)), ...rest]
}

const lastOf = (result: unknown[]) => (result[3] as number[]).at(-1) ?? 0

describe('countWindow', () => {
  it('emits each `size` events of a key, and what is left at completion', () => {
    expect(resultsOf(orders('a', 'b', 'a', 'a'), { size: 2 })).toEqual([
      ['a', 0, 2, [0, 2], 'on-time'],
      ['a', 2, 4, [3], 'flush'],
      ['b', 0, 2, [1], 'flush'],
    ])
  })

  it('with `every: 1` emits the last `size` events with each event', () => {
    expect(resultsOf(orders('a', 'a', 'a', 'a'), { size: 3, every: 1 })).toEqual([
      ['a', 0, 3, [0, 1, 2], 'on-time'],
      ['a', 1, 4, [1, 2, 3], 'on-time'],
      ['a', 2, 5, [2, 3], 'flush'],
      ['a', 3, 6, [3], 'flush'],
    ])
  })

  it('drops events between two windows, to onDropped', () => {
    const dropped: number[] = []
    const stage = createStage('count')
    const seen: unknown[] = []
    from(orders('a', 'a', 'a', 'a', 'a'))
      .pipe(
        countWindow({
          size: 1,
          every: 2,
          stage,
          onDropped: ({ id }) => dropped.push(id),
          aggregates: (a) => ({ id: a.last((o) => o.id) }),
        }),
      )
      .subscribe(({ value }) => seen.push(value.id))
    expect(seen).toEqual([0, 2, 4])
    expect(dropped).toEqual([1, 3])
    expect(stage.counts()).toMatchObject({ in: 5, out: 3, dropped: 2 })
  })

  it('emits the same results as a model that cuts the list of each key into windows', () => {
    const shops = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 60, size: 'max' })
    const span = fc.integer({ min: 1, max: 12 })
    fc.assert(
      fc.property(shops, span, span, (list, size, every) => {
        expect(resultsOf(orders(...list), { size, every })).toEqual(model(orders(...list), size, every))
      }),
      { numRuns: 1000 },
    )
  })

  it('has each event in the windows of exactly one part, whatever keys `maxKeys` evicts', () => {
    const shops = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 60, size: 'max' })
    fc.assert(
      fc.property(shops, fc.integer({ min: 1, max: 6 }), (list, size) => {
        const results = resultsOf(orders(...list), { size, maxKeys: 2 }) as unknown[][]
        const ids = results.flatMap((result) => result[3] as number[])
        expect(ids.toSorted((a, b) => a - b)).toEqual([...list.keys()])
        // Key, window and part identify a result.
        const names = results.map(([key, start, , , , part]) => `${key} ${start} ${part}`)
        expect(new Set(names).size).toBe(names.length)
      }),
    )
  })

  it('flushes a key that has no event for `ttl` when that time is over', () => {
    const clock = new VirtualClock()
    const source = new Subject<Order>()
    const seen: unknown[] = []
    source
      .pipe(
        countWindow({
          size: 3,
          ttl: '1s',
          key: (o) => o.shop,
          onEvicted: (eviction) => seen.push([clock.now(), eviction]),
          scheduler: clock,
          aggregates: (a) => ({ ids: a.collect((o) => o.id) }),
        }),
      )
      .subscribe((result) => seen.push([clock.now(), ...show(result)]))
    source.next(order('a', 0))
    clock.advanceTo(400)
    source.next(order('b', 1))
    clock.advanceTo(900)
    source.next(order('a', 2))
    clock.advanceTo(5000)
    source.next(order('a', 3))
    source.complete()
    expect(seen).toEqual([
      [1400, 'b', 0, 3, [1], 'flush'],
      [1400, { key: 'b', reason: 'ttl' }],
      [1900, 'a', 0, 3, [0, 2], 'flush'],
      [1900, { key: 'a', reason: 'ttl' }],
      [5000, 'a', 0, 3, [3], 'flush', 2],
    ])
    expect(clock.timers).toBe(0)
  })

  it('lets a commit save only what no later window contains', () => {
    const stage = createStage('count')
    const source = new Subject<ReturnType<typeof event<number>>>()
    const saved: string[] = []
    source
      .pipe(
        countWindow({ size: 3, every: 2, stage, aggregates: (a) => ({ n: a.count() }) }),
        commit({ save: (id) => void saved.push(id) }, { after: stage }),
      )
      .subscribe()
    for (let i = 0; i < 4; i++) source.next(event(i, 'message', `${i}`))
    expect(saved.at(-1)).toBe('1')
    source.next(event(4, 'message', '4'))
    expect(saved.at(-1)).toBe('3')
    source.complete()
    expect(saved.at(-1)).toBe('4')
  })

  it('is collected by the number of the window, of all keys that fill it in one turn', () => {
    const lists: unknown[] = []
    from(orders('a', 'b', 'a', 'b', 'a'))
      .pipe(
        countWindow({ size: 2, key: (o) => o.shop, aggregates: (a) => ({ n: a.count() }) }),
        collectWindow(),
      )
      .subscribe(({ window, pane, results }) =>
        lists.push([window.start, pane, results.map(({ key }) => key)]),
      )
    expect(lists).toEqual([
      [0, 'on-time', ['a', 'b']],
      [2, 'flush', ['a']],
    ])
  })

  it('infers keys and values, and refuses counts that are no whole numbers', () => {
    of(order('a', 1))
      .pipe(countWindow({ size: 2, key: (o) => o.shop, aggregates: (a) => ({ n: a.count() }) }))
      .subscribe((result) =>
        expectTypeOf(result).toEqualTypeOf<WindowResult<string, { readonly n: number }>>(),
      )
    const aggregates = () => ({}) as never
    expect(() => countWindow({ size: 0, aggregates })).toThrow(/^countWindow: size must be a whole number/)
    expect(() => countWindow({ size: 2, every: 1.5, aggregates })).toThrow(/^countWindow: every must be/)
    expect(() => countWindow({ size: 2, ttl: 0, aggregates: (a) => ({ n: a.count() }) })).toThrow(
      /^countWindow: ttl must be/,
    )
    expect(() => countWindow({ size: 2, aggregates })).toThrow(
      /^countWindow: the result of aggregates must be/,
    )
  })
})

conformance<Order, unknown>('countWindow', {
  operator: (options) =>
    countWindow({
      ...options,
      size: 4,
      every: 3,
      ttl: '25ms',
      key: (o) => o.id % 2,
      aggregates: (a) => ({ ids: a.collect((o) => o.id) }),
    }),
  input: (i) => order(`s${i}`, i),
  failing: (fail, options) => countWindow({ ...options, size: 4, aggregates: (a) => ({ n: a.sum(fail) }) }),
  bounded: {
    keys: 300,
    operator: (options) =>
      countWindow({
        ...options,
        size: 4,
        maxKeys: 300,
        key: (o) => o.shop,
        aggregates: (a) => ({ n: a.count() }),
      }),
  },
})
