import type { Duration } from '@rxsse/shared'
import type { Key } from '../engine/keyed-state/key.ts'
import type { OnError } from '../stage/side-output.ts'
import type { EventTimeOptions } from '../window/event-time.ts'
import type { KeyedOptions } from './keyed-options.ts'
import type { LevelOptions } from './levels.ts'

export interface ThresholdOptions<T, K extends Key, L extends string, B extends string>
  extends LevelOptions<L, B>,
    KeyedOptions<K>,
    EventTimeOptions<T> {
  /** The value that is compared with the levels. */
  readonly value: (event: T) => number
  /** Emits only events that change their key's level. A key starts at the base. Default: false. */
  readonly changesOnly?: boolean
  /**
   * How long values must stay at a level, or beyond it, before it counts. That goes for levels that are left, too. The options of
   * event time are for this one. Default: a level counts at once.
   */
  readonly for?: Duration
  /** Each key has a level of its own. Default: one key for the whole stream. */
  readonly key?: (event: T) => K
  /** Takes an error of `key` or `value`, and the event, which is left out. Default: the stream errors. */
  readonly onError?: OnError<T>
}

export interface LevelEvent<T, L extends string> {
  /** If a level counts after it has held: the key's latest event. */
  readonly event: T
  readonly level: L
  /** The key's level before. */
  readonly previous: L
}
