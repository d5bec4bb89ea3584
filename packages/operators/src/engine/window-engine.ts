import type { AggregateRow } from './aggregates/aggregate-row.ts'
import type { Primitive } from './keyed-state/key.ts'
import type { Eviction } from './keyed-state/keyed-state.ts'

/**
 * Why a window fired: before its end (`early`), when the watermark reached its end (`on-time`), when an event came after
 * that but within the allowed lateness (`late`), or when the stream ended or its key was evicted (`flush`).
 */
export type Pane = 'early' | 'on-time' | 'late' | 'flush'

/** A window's value for a key. Of several results for the same key and window, the highest `revision` is valid. */
export interface WindowResult<K, V> {
  readonly key: K
  /** Milliseconds of event time. The window contains `start`, but not `end`. */
  readonly window: { readonly start: number; readonly end: number }
  readonly value: V
  readonly pane: Pane
  /** 0 for the first result of this key and window, then 1, 2, … */
  readonly revision: number
}

export interface WindowEngineOptions<K, R> {
  /** Aggregates the events. The row reads an event before the engine adds it. */
  readonly row: Omit<AggregateRow<never, R>, 'read'>
  readonly watermark: { readonly value: number }
  readonly allowedLateness: number
  readonly maxKeys: number
  /** Whether `early` will be called, so that the engine keeps what it needs for that. */
  readonly early: boolean
  readonly emit: (result: WindowResult<K, R>) => void
  /** Called with the number of events that are now final: only late updates will include them again. */
  readonly onFinal: (events: number) => void
  readonly onEvicted: ((eviction: Eviction<K>) => void) | undefined
}

/** Windows of one kind, for all keys. An engine has no clock: event time comes from the watermark. */
export interface WindowEngine<K> {
  /** The number of keys with state. */
  readonly keys: number
  /**
   * Adds the event that the row has read to its windows. `id` identifies the key. Returns `'late'` if all its windows
   * are over, and `'outside'` if no window contains its time.
   */
  add(key: K, id: Primitive, timestamp: number): 'held' | 'late' | 'outside'
  /** Fires every window whose end the watermark has reached, ordered by end, then by the key that came first. */
  advance(): void
  /** The next watermark at which `advance` has something to do. */
  next(): number
  /** Fires every open window that has changed since its last result. */
  early(): void
  /** Fires every open window. */
  flush(): void
}
