import { asyncScheduler, type SchedulerLike } from 'rxjs'
import { type Duration, positiveMilliseconds } from '../duration.ts'
import type { Key } from '../engine/keyed-state/key.ts'
import type { Eviction, KeyedStateOptions } from '../engine/keyed-state/keyed-state.ts'
import { shapeOf } from '../shape.ts'
import { type SideOutput, toSideOutput } from '../stage/side-output.ts'

/** What bounds the state of an operator that keeps some by key. */
export interface KeyedOptions<K extends Key> {
  /** How long a key's state is kept after its last use. Default: for good. */
  readonly ttl?: Duration
  /** How many keys have state; the least recently used goes first. Default: any number. */
  readonly maxKeys?: number
  /** Told of each key whose state is let go. */
  readonly onEvicted?: SideOutput<Eviction<K>>
  /** The clock that `ttl` goes by. Default: `asyncScheduler`. */
  readonly scheduler?: SchedulerLike
}

/** The options, checked, as the engine takes them. */
export function keyedOptions<K extends Key>(
  operator: string,
  { ttl, maxKeys, onEvicted, scheduler = asyncScheduler }: KeyedOptions<K>,
): { readonly state: KeyedStateOptions<K, unknown>; readonly now: () => number } {
  if (maxKeys !== undefined && !(maxKeys >= 1)) {
    throw new RangeError(`${operator}: maxKeys must be at least 1, not ${shapeOf(maxKeys)}`)
  }
  const state = {
    ...(ttl !== undefined && { ttl: positiveMilliseconds(`${operator}: ttl`, ttl) }),
    ...(maxKeys !== undefined && { maxKeys }),
    onEvicted: toSideOutput(`${operator}: onEvicted`, onEvicted),
  }
  // Without a ttl nobody looks at the time, and reading the clock is not free.
  return { state, now: ttl === undefined ? () => 0 : () => scheduler.now() }
}
