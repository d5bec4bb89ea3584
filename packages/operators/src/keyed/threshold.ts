import { describeValue, optionError, requireNumber } from '@rxsse/shared'
import type { OperatorFunction } from 'rxjs'
import type { Key } from '../engine/keyed-state/key.ts'
import { KeyedState, type StateCodec } from '../engine/keyed-state/keyed-state.ts'
import { operateAtOnce } from '../stage/operate.ts'
import { type OnError, rejectEvent } from '../stage/side-output.ts'
import { type KeyedOptions, resolveKeyedOptions } from './keyed-options.ts'

export interface ThresholdOptions<T, K extends Key, L extends string, B extends string>
  extends KeyedOptions<K> {
  /** The value that is compared with the levels. */
  readonly value: (event: T) => number
  /** The bound of each level: `{ warning: 75, critical: 90 }`. A value on the bound has reached the level. */
  readonly levels: Readonly<Record<L, number>>
  /** The level of a value that has reached none. Default: `'normal'`. */
  readonly base?: B
  /** Whether levels are reached from below (`'rising'`) or above (`'falling'`). Default: `'rising'`. */
  readonly direction?: 'rising' | 'falling'
  /** How far a value must go back across a level's bound to leave the level. Default: 0. */
  readonly hysteresis?: number
  /** Emits only events that change their key's level. A key starts at the base. Default: false. */
  readonly changesOnly?: boolean
  /** Each key has a level of its own. Default: one key for the whole stream. */
  readonly key?: (event: T) => K
  /** Takes an error of `key` or `value`, and the event, which is left out. Default: the stream errors. */
  readonly onError?: OnError<T>
}

export interface LevelEvent<T, L extends string> {
  readonly event: T
  readonly level: L
  /** The key's level before this event. */
  readonly previous: L
}

/**
 * Adds the level that each event's value has reached: SQL's `CASE WHEN value >= 90 THEN 'critical' ...`, with hysteresis.
 *
 * ```ts
 * metrics$.pipe(
 *   threshold({ key: (m) => m.host, value: (m) => m.cpu, levels: { warning: 75, critical: 90 }, hysteresis: 5, changesOnly: true }),
 * )
 * ```
 *
 * Emits when the source emits; with `changesOnly`, when a key's level changes.
 * Drops, with `changesOnly`, events that change no level.
 * Completes when the source completes.
 * Unsubscribes from the source at once; the state is discarded.
 */
export function threshold<
  T,
  const L extends string,
  K extends Key = undefined,
  const B extends string = 'normal',
>(options: ThresholdOptions<T, K, L, B>): OperatorFunction<T, LevelEvent<T, L | B>> {
  const { value: selectValue, direction = 'rising', changesOnly = false, onError, stage } = options
  const levels = new Levels(options)
  const sign = direction === 'falling' ? -1 : 1
  const { state, now, shift } = resolveKeyedOptions('threshold', options)
  const selectKey = options.key ?? (() => undefined as K)

  return operateAtOnce('threshold', stage, ({ out, counts }) => {
    const states = new KeyedState<K, Level>(() => ({ level: 0 }), state)
    counts.keys = () => states.size
    return {
      state: {
        shape: levels.shape,
        usesClock: options.ttl !== undefined,
        save: (writer) => states.save(writer, LEVEL, shift()),
        restore: (reader) => states.load(reader, LEVEL, shift()),
      },
      next(event) {
        let from: number
        let to: number
        try {
          const value = sign * requireValue(selectValue(event))
          const current = states.at(selectKey(event), now())
          from = current.level
          to = levels.find(value, from)
          current.level = to
        } catch (error) {
          rejectEvent(counts, onError, error, event)
          return
        }
        if (changesOnly && from === to) {
          counts.dropped++
          return
        }
        counts.out++
        out.next({ event, level: levels.name(to), previous: levels.name(from) })
      },
    }
  })
}

interface Level {
  level: number
}

const LEVEL: StateCodec<Level> = {
  write: ({ level }, writer) => writer.number(level),
  read: (_, reader) => ({ level: reader.number() }),
}

/** The levels by number, in the order in which a rising value reaches them. Level 0 is the base. */
class Levels<L extends string, B extends string> {
  readonly #names: readonly (L | B)[]
  readonly #bounds: readonly number[]
  readonly #hysteresis: number

  constructor(
    options: Pick<ThresholdOptions<never, Key, L, B>, 'levels' | 'base' | 'hysteresis' | 'direction'>,
  ) {
    const { levels, direction = 'rising' } = options
    const sign = direction === 'falling' ? -1 : 1
    // Object.entries loses the type of the keys.
    const sorted = (Object.entries(levels) as [L, number][]).map(([name, bound]) => ({
      name,
      bound: sign * bound,
    }))
    if (sorted.length === 0 || sorted.some(({ bound }) => Number.isNaN(bound))) {
      throw optionError(
        'threshold: levels',
        'at least one name with a number, such as { warning: 75 }',
        levels,
      )
    }
    sorted.sort((a, b) => a.bound - b.bound)
    this.#names = [options.base ?? ('normal' as B), ...sorted.map(({ name }) => name)]
    this.#bounds = [Number.NEGATIVE_INFINITY, ...sorted.map(({ bound }) => bound)]
    this.#hysteresis = requireNumber(options.hysteresis ?? 0, 'threshold: hysteresis', 0)
  }

  /** Goes up as far as the value reaches, and down only from levels that it has left by more than the hysteresis. */
  find(value: number, from: number): number {
    let level = from
    while (value >= (this.#bounds[level + 1] ?? Number.NaN)) level++
    while (value < (this.#bounds[level] as number) - (level <= from ? this.#hysteresis : 0)) level--
    return level
  }

  /** What a saved number of a level means. */
  get shape() {
    return { levels: this.#names, bounds: this.#bounds }
  }

  name(level: number): L | B {
    return this.#names[level] as L | B
  }
}

function requireValue(value: number): number {
  if (typeof value === 'number' && !Number.isNaN(value)) return value
  throw new TypeError(`threshold: value must be a number, not ${describeValue(value)}`)
}
