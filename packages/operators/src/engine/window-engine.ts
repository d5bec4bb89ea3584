import type { AggregateRow } from './aggregates/aggregate-row.ts'
import type { Primitive } from './keyed-state/key.ts'
import type { Eviction } from './keyed-state/keyed-state.ts'

/**
 * Why a window's result came: its time is not over yet (`early`), the watermark has come to its end (`on-time`), an
 * event came after that but within the allowed lateness (`late`), or the stream or its key's state ended (`flush`).
 */
export type Pane = 'early' | 'on-time' | 'late' | 'flush'

/** A window's value for a key. Of several for the same key and window, the highest `revision` stands. */
export interface WindowResult<K, V> {
  readonly key: K
  /** Milliseconds of event time, `start` in it, `end` not. */
  readonly window: { readonly start: number; readonly end: number }
  readonly value: V
  readonly pane: Pane
  /** 0 for the first result of this key and window, then 1, 2, … */
  readonly revision: number
}

export interface WindowEngineOptions<K, R> {
  /** What a window is folded with. The row has read an event before the engine is told to add it. */
  readonly row: Omit<AggregateRow<never, R>, 'read'>
  /** How far event time has come. */
  readonly watermark: { readonly value: number }
  readonly allowedLateness: number
  readonly maxKeys: number
  /** Whether `early` will be called, so that what it needs is kept. */
  readonly early: boolean
  readonly emit: (result: WindowResult<K, R>) => void
  /** So many events have been in the last result that they will be in, late updates apart. */
  readonly settled: (events: number) => void
  readonly onEvicted: ((eviction: Eviction<K>) => void) | undefined
}

/** Windows of one kind, for all keys. Knows nothing of clocks: event time comes in with the watermark. */
export interface WindowEngine<K> {
  readonly keys: number
  /** Puts the event that the row has read last into its windows. `id` is the key's identity. `'late'` and `'outside'`: into none, as all of them are over, or none covers this time. */
  add(key: K, id: Primitive, timestamp: number): 'held' | 'late' | 'outside'
  /** Fires every window whose end the watermark has reached, by end, then key first seen. */
  advance(): void
  /** The watermark at which there is something to do next. */
  next(): number
  /** Gives every open window that has changed since its last result. */
  early(): void
  /** Fires everything that is open. */
  flush(): void
}
