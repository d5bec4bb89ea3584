import type { OperatorFunction } from 'rxjs'
import type { Key } from '../engine/keyed-state/key.ts'
import { KeyedState } from '../engine/keyed-state/keyed-state.ts'
import { shapeOf } from '../shape.ts'
import { operate } from '../stage/operate.ts'
import { type OnError, reject } from '../stage/reject.ts'
import { type KeyedOptions, keyedOptions } from './keyed-options.ts'

export interface ThresholdOptions<T, K extends Key, L extends string, B extends string>
  extends KeyedOptions<K> {
  /** What is measured. */
  readonly value: (event: T) => number
  /** Where each level begins: `{ warning: 75, critical: 90 }`. A value on the bound has reached the level. */
  readonly levels: Readonly<Record<L, number>>
  /** The level of a value that has reached none. Default: `'normal'`. */
  readonly base?: B
  /** Whether levels are reached from below (`'rising'`) or from above (`'falling'`, as a battery's charge). Default: `'rising'`. */
  readonly direction?: 'rising' | 'falling'
  /** How far back across a level's bound a value has to be before the level is left. Default: 0. */
  readonly hysteresis?: number
  /** Only events that change their key's level, which begins at the base. Default: false. */
  readonly changesOnly?: boolean
  /** What has a level of its own. Default: the whole stream. */
  readonly key?: (event: T) => K
  /** Takes what `key` or `value` throws, and a value that is not a number; the event is left out. Default: the stream errors. */
  readonly onError?: OnError<T>
}

export interface LevelEvent<T, L extends string> {
  readonly event: T
  readonly level: L
  /** The key's level before this event. */
  readonly previous: L
}

/**
 * Says which level each event's value has reached: SQL's `CASE WHEN value >= 90 THEN 'critical' ...`, with memory.
 *
 * ```ts
 * metrics$.pipe(
 *   threshold({ key: (m) => m.host, value: (m) => m.cpu, levels: { warning: 75, critical: 90 }, hysteresis: 5, changesOnly: true }),
 * )
 * ```
 *
 * Emits when the source emits; with `changesOnly`, when a key's level changes.
 * Drops, with `changesOnly`, what changes no level.
 * Completes when the source completes.
 * Unsubscribes from the source at once; the state is discarded.
 */
export function threshold<
  T,
  const L extends string,
  K extends Key = undefined,
  const B extends string = 'normal',
>(options: ThresholdOptions<T, K, L, B>): OperatorFunction<T, LevelEvent<T, L | B>> {
  const { value: measure, direction = 'rising', changesOnly = false, onError } = options
  const ladder = new Ladder(options)
  const sign = direction === 'falling' ? -1 : 1
  const { state, now } = keyedOptions('threshold', options)
  const keyOf = options.key ?? (() => undefined as K)

  return operate(({ out, ledger }) => {
    const rungs = new KeyedState<K, { rung: number }>(() => ({ rung: 0 }), state)
    ledger.keys = () => rungs.size
    return {
      next(event) {
        let from: number
        let to: number
        try {
          const value = sign * measured(measure(event))
          const current = rungs.at(keyOf(event), now())
          from = current.rung
          to = ladder.rungAt(value, from)
          current.rung = to
        } catch (error) {
          reject(ledger, onError, error, event)
          return
        }
        if (changesOnly && from === to) {
          ledger.dropped++
          return
        }
        ledger.out++
        out.next({ event, level: ladder.levelOf(to), previous: ladder.levelOf(from) })
      },
    }
  })
}

/** The levels in the order in which a value reaches them; rung 0 is the base. */
class Ladder<L extends string, B extends string> {
  readonly #levels: readonly (L | B)[]
  readonly #bounds: readonly number[]
  readonly #hysteresis: number

  constructor(
    options: Pick<ThresholdOptions<never, Key, L, B>, 'levels' | 'base' | 'hysteresis' | 'direction'>,
  ) {
    const { levels, hysteresis = 0, direction = 'rising' } = options
    const sign = direction === 'falling' ? -1 : 1
    // Object.entries has lost the keys' type.
    const named = (Object.entries(levels) as [L, number][]).map(([level, bound]) => ({
      level,
      bound: sign * bound,
    }))
    if (named.length === 0 || named.some(({ bound }) => Number.isNaN(bound))) {
      throw new TypeError(
        `threshold: levels must map at least one name to a number, as { warning: 75 }, not ${shapeOf(levels)}`,
      )
    }
    if (!(hysteresis >= 0))
      throw new RangeError(`threshold: hysteresis must be 0 or more, not ${shapeOf(hysteresis)}`)
    named.sort((a, b) => a.bound - b.bound)
    this.#levels = [options.base ?? ('normal' as B), ...named.map(({ level }) => level)]
    this.#bounds = [Number.NEGATIVE_INFINITY, ...named.map(({ bound }) => bound)]
    this.#hysteresis = hysteresis
  }

  /** Up as far as the value goes; down only from rungs that it has left by more than the hysteresis. */
  rungAt(value: number, from: number): number {
    let rung = from
    while (value >= (this.#bounds[rung + 1] ?? Number.NaN)) rung++
    while (value < (this.#bounds[rung] as number) - (rung <= from ? this.#hysteresis : 0)) rung--
    return rung
  }

  levelOf(rung: number): L | B {
    return this.#levels[rung] as L | B
  }
}

function measured(value: number): number {
  if (typeof value === 'number' && !Number.isNaN(value)) return value
  throw new TypeError(`threshold: expected a number, got ${shapeOf(value)}`)
}
