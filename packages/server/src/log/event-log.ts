import type { MaybePromise } from '@rxsse/shared'
import type { Target } from '../sink/message.ts'
import type { TraceFields } from '../sink/tracing.ts'

/** A message as a log keeps it: text already, with the topic that filters test and the target it was for. */
export interface LoggedMessage {
  readonly type?: string | undefined
  readonly data: string
  readonly id?: string | undefined
  readonly retry?: number | undefined
  readonly topic: string
  /** What slow clients' waiting messages are coalesced by, where they are. */
  readonly key?: string | undefined
  /** Of the trace it was published in, where the sink has `tracing`. */
  readonly trace?: TraceFields | undefined
}

/** A permit in a log. `offset` orders entries: each is greater than that before it, not always by one. `id` is what readers are given. */
export interface LogPosition {
  readonly id: string
  readonly offset: number
}

export interface LogEntry extends LogPosition {
  readonly message: LoggedMessage
  readonly target: Target
}

/**
 * Why a log cannot go on strictly after an id.
 *
 * - `trimmed`: it was there once; what followed is partly gone. What is left is replayed.
 * - `epoch`: it belongs to an earlier life of the log. What the present one holds is replayed.
 * - `ahead`: the log ends before it, as after a restore from a backup. Live events follow.
 * - `unknown`: it is no id of this log. Live events follow.
 */
export type GapReason = 'trimmed' | 'epoch' | 'ahead' | 'unknown'

export interface LogGap {
  readonly reason: GapReason
  /** The id that was asked for. */
  readonly from: string
  /** Delivery goes on strictly after this. */
  readonly to: LogPosition
  /** How many entries are lost, where that is known. They may have been for others. */
  readonly missed?: number | undefined
}

export interface LogPage {
  readonly entries: readonly LogEntry[]
  /** The offset at which the page ends: of its last entry, or of the permit it was asked from. */
  readonly end: number
  /** Whether the log holds entries after the last of these. */
  readonly more: boolean
  readonly gap?: LogGap | undefined
}

export interface AppendOptions {
  /** Names the message at its source: appending it again gives the entry it has, and adds none. */
  readonly sourceId?: string | undefined
}

/**
 * Where a sink keeps its events, so that readers resume without loss.
 *
 * Calls to `append` number entries in the order of the calls. A log that several processes share has a `tail`,
 * and then it alone says what is delivered and in which order.
 */
export interface EventLog {
  append(message: LoggedMessage, target: Target, options?: AppendOptions): MaybePromise<LogEntry>
  /**
   * At most `limit` entries strictly after an id that a reader gave, or after an offset that this log gave.
   * An id the log cannot serve comes with a `gap`, and the entries that follow `gap.to`.
   */
  since(after: string | number, limit: number): MaybePromise<LogPage>
  /** The position of the newest entry, or the one before the first. */
  head(): MaybePromise<LogPosition>
  /**
   * Calls `listener` with the entries of every node, in order, from the returned position on; with a `gap` too where
   * something was lost before these entries, of which there may be none then. Every connected client is told of it.
   * Where it throws or rejects, a sink tells its `onError` and asks again, with waits that grow to half a minute; its
   * clients stay, and get what they missed when it begins. Once begun, it is to go on by itself.
   */
  tail?(listener: (entries: readonly LogEntry[], gap?: LogGap) => void): MaybePromise<LogTail>
  close(): MaybePromise<void>
}

export interface LogTail {
  readonly position: LogPosition
  stop(): void
}
