import { describeValue, optionError, requireNumber } from '@rxsse/shared'

export interface LevelOptions<L extends string, B extends string> {
  /** The bound of each level: `{ warning: 75, critical: 90 }`. A value on the bound has reached the level. */
  readonly levels: Readonly<Record<L, number>>
  /** The level of a value that has reached none. Default: `'normal'`. */
  readonly base?: B
  /** Whether levels are reached from below (`'rising'`) or above (`'falling'`). Default: `'rising'`. */
  readonly direction?: 'rising' | 'falling'
  /** How far a value must go back across a level's bound to leave the level. Default: 0. */
  readonly hysteresis?: number
}

/** The levels by number, in the order in which a rising value reaches them. Level 0 is the base. */
export class Levels<L extends string, B extends string> {
  readonly #names: readonly (L | B)[]
  readonly #bounds: readonly number[]
  readonly #hysteresis: number

  readonly #sign: 1 | -1

  constructor(options: LevelOptions<L, B>) {
    const { levels, base = 'normal' as B, direction = 'rising' } = options
    if (direction !== 'rising' && direction !== 'falling') {
      throw optionError('threshold: direction', "'rising' or 'falling'", direction)
    }
    if (typeof base !== 'string' || Object.hasOwn(levels, base)) {
      throw optionError('threshold: base', 'a name that is no level', base)
    }
    const sign = direction === 'falling' ? -1 : 1
    this.#sign = sign
    // Object.entries loses the type of the keys.
    const sorted = (Object.entries(levels) as [L, number][]).map(([name, bound]) => ({
      name,
      // Null would be 0.
      bound: typeof bound === 'number' ? sign * bound : Number.NaN,
    }))
    if (sorted.length === 0 || sorted.some(({ bound }) => Number.isNaN(bound))) {
      throw optionError(
        'threshold: levels',
        'at least one name with a number, such as { warning: 75 }',
        levels,
      )
    }
    sorted.sort((a, b) => a.bound - b.bound)
    this.#names = [base, ...sorted.map(({ name }) => name)]
    this.#bounds = [Number.NEGATIVE_INFINITY, ...sorted.map(({ bound }) => bound)]
    this.#hysteresis = requireNumber(options.hysteresis ?? 0, 'threshold: hysteresis', 0)
  }

  /** Goes up as far as the value reaches, and down only from levels that it has left by more than the hysteresis. */
  find(given: number, from: number): number {
    const value = this.#sign * given
    let level = from
    while (value >= (this.#bounds[level + 1] ?? Number.NaN)) level++
    while (value < (this.#bounds[level] as number) - (level <= from ? this.#hysteresis : 0)) level--
    return level
  }

  /** What a saved number of a level means. */
  get shape(): { readonly levels: readonly (L | B)[]; readonly bounds: readonly number[] } {
    return { levels: this.#names, bounds: this.#bounds }
  }

  name(level: number): L | B {
    return this.#names[level] as L | B
  }
}

/** The value, if it is a number. */
export function requireValue(value: number): number {
  if (typeof value === 'number' && !Number.isNaN(value)) return value
  throw new TypeError(`threshold: value must be a number, not ${describeValue(value)}`)
}
