import { from, of } from 'rxjs'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { conformance } from '../../test/conformance.ts'
import { threshold } from './threshold.ts'
import type { LevelEvent, ThresholdOptions } from './threshold-options.ts'

interface Metric {
  readonly host: string
  readonly cpu: number
}

const levels = { warning: 75, critical: 90 }
const levelsOf = (
  values: readonly number[],
  options: Omit<Partial<ThresholdOptions<number, undefined, 'warning' | 'critical', 'normal'>>, 'value'>,
) => {
  const seen: [number, string][] = []
  of(...values)
    .pipe(threshold({ levels, ...options, value: (v) => v }))
    .subscribe(({ event, level }) => seen.push([event, level]))
  return seen
}

describe('threshold', () => {
  it('adds the level that each value has reached, also a value on the bound', () => {
    expect(levelsOf([0, 74.9, 75, 90, 1000, 80], {}).map(([, level]) => level)).toEqual([
      'normal',
      'normal',
      'warning',
      'critical',
      'critical',
      'warning',
    ])
  })

  it('emits only changes with `changesOnly`, starting at the base', () => {
    expect(levelsOf([1, 76, 80, 91, 95, 76, 1, 2], { changesOnly: true })).toEqual([
      [76, 'warning'],
      [91, 'critical'],
      [76, 'warning'],
      [1, 'normal'],
    ])
  })

  it('leaves a level only when the value has gone back by more than the hysteresis', () => {
    expect(levelsOf([89, 90, 86, 85, 84, 71, 70, 69.9, 74], { hysteresis: 5, changesOnly: true })).toEqual([
      [89, 'warning'],
      [90, 'critical'],
      [84, 'warning'],
      [69.9, 'normal'],
    ])
  })

  it('falls several levels in one step, past levels that it would leave', () => {
    expect(levelsOf([95, 0], { hysteresis: 5 })).toEqual([
      [95, 'critical'],
      [0, 'normal'],
    ])
    expect(levelsOf([95, 72], { hysteresis: 5 })).toEqual([
      [95, 'critical'],
      [72, 'warning'],
    ])
  })

  it('goes downwards if levels are reached from above', () => {
    const seen: string[] = []
    of(50, 20, 19, 5, 4, 21)
      .pipe(threshold({ value: (v) => v, levels: { low: 20, empty: 5 }, direction: 'falling' }))
      .subscribe(({ level }) => seen.push(level))
    expect(seen).toEqual(['normal', 'low', 'low', 'empty', 'empty', 'normal'])
  })

  it('keeps a level for each key, and emits the previous one too', () => {
    const seen: unknown[] = []
    const metrics: Metric[] = [
      { host: 'a', cpu: 95 },
      { host: 'b', cpu: 10 },
      { host: 'a', cpu: 80 },
    ]
    from(metrics)
      .pipe(threshold({ key: (m) => m.host, value: (m) => m.cpu, levels, base: 'fine' }))
      .subscribe((e) => {
        expectTypeOf(e).toEqualTypeOf<LevelEvent<Metric, 'warning' | 'critical' | 'fine'>>()
        seen.push([e.event.host, e.previous, e.level])
      })
    expect(seen).toEqual([
      ['a', 'fine', 'critical'],
      ['b', 'fine', 'fine'],
      ['a', 'critical', 'warning'],
    ])
  })

  it('errors at a value that is no number', () => {
    const errors: string[] = []
    of(Number.NaN)
      .pipe(threshold({ value: (v) => v, levels }))
      .subscribe({ error: (e) => errors.push(e.message) })
    expect(errors).toEqual(['threshold: value must be a number, not the number NaN'])
  })

  it('refuses an empty set of levels and a bound that is no number', () => {
    const wrong = (options: object) => () => threshold({ value: Number, levels: { a: 1 }, ...options })
    expect(wrong({ direction: 'down' })).toThrow("threshold: direction must be 'rising' or 'falling'")
    expect(wrong({ base: 'a' })).toThrow('threshold: base must be a name that is no level')
    expect(wrong({ changesOnly: 'no' })).toThrow('threshold: changesOnly must be true or false')
    expect(wrong({ for: '1s', changesOnly: 'no' })).toThrow('threshold: changesOnly must be true or false')
    expect(() => threshold({ value: Number, levels: {} })).toThrow(
      /^threshold: levels must be at least one name with a number/,
    )
    for (const bound of [Number.NaN, null, '75', 1n]) {
      expect(wrong({ levels: { a: bound } })).toThrow(/^threshold: levels must be/)
    }
    expect(() => threshold({ value: Number, levels, hysteresis: -1 })).toThrow(
      /^threshold: hysteresis must be a number of at least 0/,
    )
  })
})

conformance<Metric, unknown>('threshold', {
  operator: (options) =>
    threshold({
      key: (m) => m.cpu % 3,
      value: (m) => m.cpu * 5,
      levels,
      ttl: '10s',
      changesOnly: true,
      ...options,
    }),
  input: (i) => ({ host: `h${i}`, cpu: i }),
  failing: (fail, options) => threshold({ value: fail, levels, ...options }),
  bounded: {
    keys: 500,
    operator: (options) =>
      threshold({ key: (m) => m.host, value: (m) => m.cpu, levels, maxKeys: 500, ...options }),
  },
})
