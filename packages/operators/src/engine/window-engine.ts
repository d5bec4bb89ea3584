import type { StateReader, StateWriter } from '../stage/operator-state.ts'
import type { AggregateRow } from './aggregates/aggregate-row.ts'
import type { Primitive } from './keyed-state/key.ts'
import type { Eviction } from './keyed-state/keyed-state.ts'

/**
 * Why a window fired: before its end (`early`), when the watermark reached its end (`on-time`), when an event came after
 * that but within the allowed lateness (`late`), or when the stream ended or its key was evicted (`flush`).
 */
export type Pane = 'early' | 'on-time' | 'late' | 'flush'

/** A span of event time, in milliseconds. It contains `start`, but not `end`. */
export interface TimeWindow {
  readonly start: number
  readonly end: number
}

/**
 * A window's value for a key. Of several results for the same key, window and part, the highest `revision` is valid. It takes
 * the place of those in `replaces`.
 */
export interface WindowResult<K, V> {
  readonly key: K
  /** Of a window of a number of events: the numbers of its events, not their times. */
  readonly window: TimeWindow
  readonly value: V
  readonly pane: Pane
  /** 0 for the first result of this key, window and part, then 1, 2, … */
  readonly revision: number
  /**
   * Tells the parts of a window apart that `maxKeys` has split: each part has its own events and revisions, and a later part has
   * a larger number. Missing for 0.
   */
  readonly part?: number
  /** The windows of a session's earlier results that are part of this one: the session has grown or merged. Missing if there are none. */
  readonly replaces?: readonly TimeWindow[]
  /** Whether the window had no events, so that `fill` has given it its value. Missing for a window with events. */
  readonly empty?: true
}

/** What a result has of the part of its window. */
export function partOf({ part }: { readonly part: number }): { readonly part?: number } {
  return part > 0 ? { part } : NO_PART
}

const NO_PART = {}

/** A window without events, between two results of its key or after the last one. */
export interface EmptyWindow<K, V> {
  readonly key: K
  readonly window: TimeWindow
  /** The value of the key's window before, which may have been empty too. */
  readonly previous: V
}

/** How windows without events get results. */
export interface Fill<K, R> {
  /** The value of an empty window. Undefined: that of the aggregates over no events. */
  readonly value: ((window: EmptyWindow<K, R>) => R) | undefined
  /** How many empty windows in a row a key gets. */
  readonly limit: number
}

export interface WindowEngineOptions<K, R> {
  /** Aggregates the events. The row reads an event before the engine adds it. */
  readonly row: Omit<AggregateRow<never, R>, 'read'>
  readonly watermark: { readonly value: number }
  readonly allowedLateness: number
  readonly maxKeys: number
  /** Whether `early` will be called, so that the engine keeps what it needs for that. */
  readonly early: boolean
  /** Undefined: windows without events give no results. */
  readonly fill?: Fill<K, R> | undefined
  readonly emit: (result: WindowResult<K, R>) => void
  /** Whether nobody takes results any more, so that no more windows need to fire. */
  readonly isOver: () => boolean
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
  /** The timestamp from which on an event may be in a window that has not fired. Infinity: every event is final. Visits every key. */
  openFrom(): number
  /** An `openFrom` from which on an event of this time is in no window that has not fired. Few different ones keep a commit small. */
  finalFrom(timestamp: number): number
  /** Fires every open window that has changed since its last result. */
  early(): void
  /**
   * Fires every open window. `keeps`: the windows take more events after that, each with a new result, until the watermark has
   * reached their end.
   */
  flush(keeps: boolean): void
  /** Writes all windows as they are now, and yields between two keys. */
  save(writer: StateWriter): Generator<void, void>
  /** Reads what `save` has written, before the first event. */
  load(reader: StateReader): void
}
