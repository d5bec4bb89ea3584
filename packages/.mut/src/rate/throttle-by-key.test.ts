import { VirtualClock } from '@rxsse/testing/virtual-time'
import fc from 'fast-check'
import { Subject } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { conformance } from '../../test/conformance.ts'
import { type ThrottleByKeyOptions, throttleByKey } from './throttle-by-key.ts'

interface Tick {
  readonly key: string
  readonly n: number
}

type Step = readonly [time: number, key: string]
type Seen = [time: number, key: string, n: number]

function run(steps: readonly Step[], options: Partial<ThrottleByKeyOptions<Tick>>) {
  const clock = new VirtualClock()
  const source = new Subject<Tick>()
  const seen: Seen[] = []
  const dropped: number[] = []
  source
    .pipe(
      throttleByKey({
        key: (t) => t.key,
        interval: 10,
        onDropped: (t) => dropped.push(t.n),
        ...options,
        scheduler: clock,
      }),
    )
    .subscribe((t) => seen.push([clock.now(), t.key, t.n]))
  for (const [n, [time, key]] of steps.entries()) {
    clock.advanceTo(time)
    source.next({ key, n })
  }
  return { clock, source, seen, dropped }
}

/** One key at a time, interval by interval. */
function model(steps: readonly Step[], interval: number, leading: boolean, trailing: boolean): Seen[] {
  return ['a', 'b', 'c'].flatMap((key) => {
    const own = steps.flatMap(([time, k], n) => (k === key ? [{ time, n }] : []))
    const seen: Seen[] = []
    while (own.length > 0) {
      const first = own[0] as { time: number; n: number }
      if (leading) {
        seen.push([first.time, key, first.n])
        own.shift()
      }
      // Intervals follow each other while each has an event to emit at its end.
      for (let end = first.time + interval; ; end += interval) {
        const inside = own.filter(({ time }) => time < end)
        own.splice(0, inside.length)
        const last = inside.at(-1)
        if (last === undefined || !trailing) break
        seen.push([end, key, last.n])
      }
    }
    return seen
  })
}

describe('throttleByKey', () => {
  it('emits the first event of a key at once, and the latest of each interval at its end', () => {
    const { clock, seen, dropped } = run(
      [
        [0, 'a'],
        [3, 'a'],
        [5, 'b'],
        [6, 'a'],
        [12, 'a'],
      ],
      {},
    )
    clock.runOut()
    expect(seen).toEqual([
      [0, 'a', 0],
      [5, 'b', 2],
      [10, 'a', 3],
      [20, 'a', 4],
    ])
    expect(dropped).toEqual([1])
    expect(clock.timers).toBe(0)
  })

  it('does for every key what intervals of that key alone would do', () => {
    const step = fc.record({ wait: fc.nat(9), key: fc.constantFrom('a', 'b', 'c') })
    const edges = fc.constantFrom([true, true], [true, false], [false, true])
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 40, size: 'max' }),
        fc.integer({ min: 1, max: 12 }),
        edges,
        (list, interval, [leading = true, trailing = true]) => {
          let time = 0
          const steps = list.map(({ wait, key }): Step => {
            time += wait
            return [time, key]
          })
          const { clock, seen, dropped } = run(steps, { interval, leading, trailing })
          clock.runOut()
          const inOrder = (a: Seen, b: Seen) => a[0] - b[0] || a[2] - b[2]
          expect(seen.toSorted(inOrder)).toEqual(model(steps, interval, leading, trailing).toSorted(inOrder))
          expect([...seen.map(([, , n]) => n), ...dropped].sort((a, b) => a - b)).toEqual([...steps.keys()])
        },
      ),
      { numRuns: 500 },
    )
  })

  it('emits what a key holds when `maxKeys` evicts it, and at completion', () => {
    const { source, seen } = run(
      [
        [0, 'a'],
        [1, 'a'],
        [2, 'b'],
        [3, 'b'],
        [4, 'c'],
      ],
      { maxKeys: 2 },
    )
    expect(seen.slice(2)).toEqual([
      [4, 'c', 4],
      [4, 'a', 1],
    ])
    source.complete()
    expect(seen.slice(4)).toEqual([[4, 'b', 3]])
  })

  it('refuses options with which nothing would pass', () => {
    expect(() => throttleByKey({ key: () => 1, interval: 1, leading: false, trailing: false })).toThrow(
      'throttleByKey needs leading or trailing',
    )
    expect(() => throttleByKey({ key: () => 1, interval: 0 })).toThrow('throttleByKey: interval')
  })
})

const input = (n: number): Tick => ({ key: `k${n}`, n })
conformance<Tick, Tick>('throttleByKey', {
  operator: (options) => throttleByKey({ key: (t) => t.n % 4, interval: '1s', ...options }),
  input,
  failing: (fail, options) => throttleByKey({ key: fail, interval: 1, ...options }),
  bounded: {
    keys: 300,
    operator: (options) => throttleByKey({ key: (t) => t.key, interval: '1s', maxKeys: 300, ...options }),
  },
})
