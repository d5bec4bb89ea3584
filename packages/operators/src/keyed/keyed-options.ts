import { type Duration, parsePositiveDuration } from '@rxsse/shared'
import type { SchedulerLike } from 'rxjs'
import type { Key } from '../engine/keyed-state/key.ts'
import type { Eviction, KeyedStateOptions } from '../engine/keyed-state/keyed-state.ts'
import { createClock, shiftToDay } from '../stage/clock.ts'
import type { StageOptions } from '../stage/operate.ts'
import { requireLimit } from '../stage/require-limit.ts'
import { resolveSideOutput, type SideOutput } from '../stage/side-output.ts'

/** Bounds the state of an operator that keeps state by key. */
export interface KeyedOptions<K extends Key> extends StageOptions {
  /** How long a key's state is kept after its last use. Default: for good. */
  readonly ttl?: Duration
  /** How many keys have state. The least recently used one is evicted first. Default: any number. */
  readonly maxKeys?: number
  /** Takes each key whose state is evicted. A `ttl` needs no timer: an expired key is told when the next event comes. */
  readonly onEvicted?: SideOutput<Eviction<K>>
  /** The clock for `ttl`. Default: `asyncScheduler`. */
  readonly scheduler?: SchedulerLike
}

/** The options, checked. */
export interface KeyedConfig<K> {
  /** As `KeyedState` takes them. */
  readonly state: KeyedStateOptions<K, unknown>
  readonly now: () => number
  /** The time of day less `now`. */
  readonly shift: () => number
}

export function resolveKeyedOptions<K extends Key>(
  operator: string,
  { ttl, maxKeys, onEvicted, scheduler }: KeyedOptions<K>,
): KeyedConfig<K> {
  const state = {
    ...(ttl !== undefined && { ttl: parsePositiveDuration(ttl, `${operator}: ttl`) }),
    ...(maxKeys !== undefined && { maxKeys: requireLimit(maxKeys, `${operator}: maxKeys`, 1) }),
    onEvicted: resolveSideOutput(onEvicted, `${operator}: onEvicted`),
  }
  // The clock is read only if a ttl needs it: reading it is not free.
  if (ttl === undefined) return { state, now: () => 0, shift: () => 0 }
  const clock = createClock(scheduler)
  return { state, now: clock.now, shift: () => shiftToDay(clock) }
}
