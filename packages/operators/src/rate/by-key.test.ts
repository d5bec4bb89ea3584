import { VirtualClock } from '@rxsse/testing/virtual-time'
import fc from 'fast-check'
import { Subject } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { conformance } from '../../test/conformance.ts'
import { debounceByKey } from './debounce-by-key.ts'
import { sampleByKey } from './sample-by-key.ts'

interface Tick {
  readonly key: string
  readonly n: number
}

type Step = readonly [time: number, key: string]

function timeline(
  make: (scheduler: VirtualClock, onDropped: (t: Tick) => void) => ReturnType<typeof sampleByKey<Tick>>,
  steps: readonly Step[],
) {
  const clock = new VirtualClock()
  const source = new Subject<Tick>()
  const seen: [number, string, number][] = []
  const dropped: number[] = []
  source.pipe(make(clock, (t) => dropped.push(t.n))).subscribe((t) => seen.push([clock.now(), t.key, t.n]))
  for (const [n, [time, key]] of steps.entries()) {
    clock.advanceTo(time)
    source.next({ key, n })
  }
  clock.runOut()
  return { seen, dropped }
}

const stream = fc.array(
  fc.record({ wait: fc.integer({ min: 0, max: 9 }), key: fc.constantFrom('a', 'b', 'c') }),
  { maxLength: 40, size: 'max' },
)
const stepsOf = (list: readonly { readonly wait: number; readonly key: string }[]): Step[] => {
  let time = 0
  return list.map(({ wait, key }) => {
    time += wait
    return [time, key]
  })
}

describe('sampleByKey', () => {
  it('emits the latest event of each key after `every`, in the order in which the keys came', () => {
    const { seen, dropped } = timeline(
      (scheduler, onDropped) => sampleByKey({ key: (t) => t.key, every: 100, scheduler, onDropped }),
      [
        [0, 'a'],
        [10, 'b'],
        [20, 'a'],
        [150, 'b'],
      ],
    )
    expect(seen).toEqual([
      [100, 'a', 2],
      [100, 'b', 1],
      [250, 'b', 3],
    ])
    expect(dropped).toEqual([0])
  })

  it('emits the oldest key early if there are more than `maxKeys` keys', () => {
    const { seen } = timeline(
      (scheduler) => sampleByKey({ key: (t) => t.key, every: 100, maxKeys: 2, scheduler }),
      [
        [0, 'a'],
        [1, 'b'],
        [2, 'c'],
      ],
    )
    expect(seen).toEqual([
      [2, 'a', 0],
      [100, 'b', 1],
      [100, 'c', 2],
    ])
  })

  it('emits the last event of every key, never a key twice within `every`, and drops only replaced events', () => {
    fc.assert(
      fc.property(stream, fc.integer({ min: 1, max: 20 }), (list, every) => {
        const steps = stepsOf(list)
        const { seen, dropped } = timeline(
          (scheduler, onDropped) => sampleByKey({ key: (t) => t.key, every, scheduler, onDropped }),
          steps,
        )
        expect([...seen.map(([, , n]) => n), ...dropped].sort((a, b) => a - b)).toEqual([...steps.keys()])
        for (const key of new Set(list.map((s) => s.key))) {
          const own = seen.filter(([, k]) => k === key)
          expect(own.at(-1)?.[2]).toBe(steps.findLastIndex(([, k]) => k === key))
          for (let i = 1; i < own.length; i++)
            expect((own[i]?.[0] ?? 0) - (own[i - 1]?.[0] ?? 0)).toBeGreaterThanOrEqual(every)
        }
      }),
    )
  })
})

describe('debounceByKey', () => {
  it('emits the latest event of a key after its quiet time', () => {
    const { seen, dropped } = timeline(
      (scheduler, onDropped) => debounceByKey({ key: (t) => t.key, quiet: 100, scheduler, onDropped }),
      [
        [0, 'a'],
        [50, 'a'],
        [60, 'b'],
        [120, 'a'],
      ],
    )
    expect(seen).toEqual([
      [160, 'b', 2],
      [220, 'a', 3],
    ])
    expect(dropped).toEqual([0, 1])
  })

  it('waits at most maxWait for a key that is never quiet', () => {
    const steps = Array.from({ length: 10 }, (_, i): Step => [i * 30, 'a'])
    const { seen } = timeline(
      (scheduler) => debounceByKey({ key: (t) => t.key, quiet: 50, maxWait: 100, scheduler }),
      steps,
    )
    expect(seen).toEqual([
      [100, 'a', 3],
      [220, 'a', 7],
      [320, 'a', 9],
    ])
  })

  it('emits the key that was held longest early if there are more than `maxKeys` keys', () => {
    const { seen, dropped } = timeline(
      (scheduler, onDropped) =>
        debounceByKey({ key: (t) => t.key, quiet: 100, maxKeys: 2, scheduler, onDropped }),
      [
        [0, 'a'],
        [1, 'b'],
        [2, 'a'],
        [3, 'c'],
        [4, 'a'],
      ],
    )
    expect(seen).toEqual([
      [3, 'a', 2],
      [4, 'b', 1],
      [103, 'c', 3],
      [104, 'a', 4],
    ])
    expect(dropped).toEqual([0])
  })

  it('does for every key what a timer for each key would do', () => {
    fc.assert(
      fc.property(stream, fc.integer({ min: 1, max: 12 }), (list, quiet) => {
        const steps = stepsOf(list)
        const { seen } = timeline(
          (scheduler) => debounceByKey({ key: (t) => t.key, quiet, scheduler }),
          steps,
        )
        const expected = steps.flatMap(([time, key], n): [number, string, number][] => {
          const next = steps.find(([, k], m) => m > n && k === key)
          return next === undefined || next[0] >= time + quiet ? [[time + quiet, key, n]] : []
        })
        const inOrder = (a: readonly [number, string, number], b: readonly [number, string, number]) =>
          a[0] - b[0] || a[2] - b[2]
        expect(seen.toSorted(inOrder)).toEqual(expected.toSorted(inOrder))
        expect(seen.map(([time]) => time)).toEqual(expected.map(([time]) => time).toSorted((a, b) => a - b))
      }),
      { numRuns: 500 },
    )
  })
})

it('both refuse a maxKeys of 0', () => {
  const key = (t: Tick) => t.key
  expect(() => sampleByKey({ key, every: 1, maxKeys: 0 })).toThrow(
    'sampleByKey: maxKeys must be a whole number of at least 1, or Infinity, not the number 0',
  )
  expect(() => debounceByKey({ key, quiet: 1, maxKeys: Number.NaN })).toThrow(
    'debounceByKey: maxKeys must be a whole number of at least 1, or Infinity, not the number NaN',
  )
})

const input = (n: number): Tick => ({ key: `k${n}`, n })
conformance<Tick, Tick>('sampleByKey', {
  operator: (options) => sampleByKey({ key: (t) => t.n % 4, every: '1s', ...options }),
  input,
  failing: (fail, options) => sampleByKey({ key: fail, every: 1, ...options }),
  bounded: {
    keys: 300,
    operator: (options) => sampleByKey({ key: (t) => t.key, every: '1s', maxKeys: 300, ...options }),
  },
})
conformance<Tick, Tick>('debounceByKey', {
  operator: (options) => debounceByKey({ key: (t) => t.n % 4, quiet: '1s', ...options }),
  input,
  failing: (fail, options) => debounceByKey({ key: fail, quiet: 1, ...options }),
  bounded: {
    keys: 1200,
    operator: (options) => debounceByKey({ key: (t) => t.key, quiet: '1s', ...options }),
  },
})
