import { from, type OperatorFunction, Subject } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { countWindow } from '../window/count-window.ts'
import { slidingWindow } from '../window/sliding-window.ts'
import { tumbling } from '../window/spec.ts'
import { windowAggregate } from '../window/window-aggregate.ts'
import { dedupe } from './dedupe.ts'
import { lag } from './lag.ts'
import { scanByKey } from './scan-by-key.ts'
import { threshold } from './threshold.ts'

type OnError = (error: unknown, event: number) => void

interface Options {
  readonly key: (event: number) => number
  readonly maxKeys: number
  readonly onEvicted: () => void
  readonly onError: OnError
}

const operators: Record<string, (options: Options) => OperatorFunction<number, unknown>> = {
  dedupe: (options) => dedupe(options),
  lag: (options) => lag(options, (now, before) => [now, before]),
  threshold: (options) => threshold({ ...options, value: (n) => n, levels: { high: 1 } }),
  'threshold with for': (options) =>
    threshold({ ...options, value: (n) => n, levels: { high: 1 }, timestamp: (n) => n, for: 5 }),
  scanByKey: (options) => scanByKey({ ...options, seed: () => 0 }, (state) => state + 1),
  windowAggregate: (options) =>
    windowAggregate(tumbling(10), { ...options, timestamp: (n) => n, aggregates: (a) => ({ n: a.count() }) }),
  slidingWindow: (options) =>
    slidingWindow({ ...options, size: 10, timestamp: (n) => n, aggregates: (a) => ({ n: a.count() }) }),
  countWindow: (options) => countWindow({ ...options, size: 9, aggregates: (a) => ({ n: a.count() }) }),
}

describe.each(Object.entries(operators))('the evictions of %s', (_, create) => {
  it('error the stream if onEvicted throws: it is no error of the event that has come', () => {
    const boom = new Error('no room')
    const routed: unknown[] = []
    const errors: unknown[] = []
    from([1, 2, 3])
      .pipe(
        create({
          key: (n) => n,
          maxKeys: 1,
          onEvicted: () => {
            throw boom
          },
          onError: (error) => routed.push(error),
        }),
      )
      .subscribe({ error: (error) => errors.push(error) })
    expect(errors).toEqual([boom])
    expect(routed).toEqual([])
  })
})

describe('a callback that sends an event while a key is evicted', () => {
  it('leaves the state as if the events had come one after the other', () => {
    const source = new Subject<number>()
    const seen: number[] = []
    let isFirst = true
    source
      .pipe(
        dedupe({
          key: (n) => n,
          maxKeys: 1,
          onEvicted() {
            if (!isFirst) return
            isFirst = false
            source.next(99)
          },
        }),
      )
      .subscribe((n) => seen.push(n))
    for (const n of [1, 2, 2, 2]) source.next(n)
    // 99 has evicted 2 at once.
    expect(seen).toEqual([1, 99, 2, 2])
    source.next(2)
    expect(seen).toHaveLength(4)
  })
})
