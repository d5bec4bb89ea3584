import type { EventSourceOptions } from '../stream/options.ts'

/** Receives what a decoder finds. Its methods are on the hot path and must not throw. */
export interface DecoderHandler {
  onEvent(type: string, data: string): void
  /** The last event ID that a block sets. Called before the block's event, and also for a block without data. */
  onId(id: string): void
  onRetry(milliseconds: number): void
  /** The first bytes of the body, after a byte order mark. */
  onStart?(bytes: Uint8Array): void
  /** A `retry` field that is not a number of milliseconds. Called only if there are warnings. */
  onBadRetry?(): void
  /**
   * Every block before has been handled. Called after each parse, with whether it had events, filtered ones included, and, for a
   * cursor, before an event without an ID of its own.
   */
  onParsed?(hadEvents?: boolean): void
}

/** The options of `fromEventSource` that matter to a decoder. */
export interface DecoderOptions extends Pick<EventSourceOptions, 'comments' | 'cursor' | 'warnings'> {
  /** The event types to deliver. Undefined for all. */
  readonly types: ReadonlySet<string> | undefined
  /** The most bytes that an event may take on the wire. */
  readonly maxEventSize: number
}
