import type { MaybePromise } from '@rxsse/shared'
import type { Target } from '../sink/message.ts'
import type { TraceFields } from '../sink/tracing.ts'

/** A message as a log stores it: its data as text, and its topic. */
export interface LoggedMessage {
  readonly type?: string | undefined
  readonly data: string
  readonly id?: string | undefined
  readonly retry?: number | undefined
  /** The topic that filters test. */
  readonly topic: string
  /** The key by which waiting messages are coalesced, if they are. */
  readonly key?: string | undefined
  /** The trace in which the message was published, if the sink has `tracing`. */
  readonly trace?: TraceFields | undefined
}

/** A position in a log. Clients see its `id`. */
export interface LogPosition {
  readonly id: string
  /** Orders entries: each is greater than the one before, but numbers may be left out. */
  readonly offset: number
}

export interface LogEntry extends LogPosition {
  readonly message: LoggedMessage
  readonly target: Target
}

/**
 * Why a log cannot continue strictly after an id.
 *
 * - `trimmed`: some entries after the id have been deleted. The rest is replayed.
 * - `epoch`: the id is of an earlier epoch of the log. The entries of this one are replayed.
 * - `ahead`: the log ends before the id, as after a restore from a backup. Live events follow.
 * - `unknown`: the id is not one of this log. Live events follow.
 */
export type GapReason = 'trimmed' | 'epoch' | 'ahead' | 'unknown'

export interface LogGap {
  readonly reason: GapReason
  /** The id that was asked for. A sink names the one that its client has come to. */
  readonly from: string
  /** Delivery continues strictly after this position. */
  readonly to: LogPosition
  /** The number of lost entries, if known. Some may have been for other clients. */
  readonly missed?: number | undefined
}

/** How much of a log to read at once. */
export interface PageBounds {
  /** Entries. */
  readonly limit: number
  /** About as many bytes of data. Default: no limit. A sink always gives one. */
  readonly maxBytes?: number
}

export interface LogPage {
  readonly entries: readonly LogEntry[]
  /** The offset of the last entry. Without entries: the offset at which the page starts. */
  readonly end: number
  /** Whether the log holds entries after this page. */
  readonly more: boolean
  readonly gap?: LogGap | undefined
}

export interface AppendOptions {
  /** Names the message at its source. If the log has it, `append` returns the existing entry. */
  readonly sourceId?: string | undefined
}

/**
 * Where a sink stores its events, so that clients resume without loss.
 *
 * `append` numbers entries in the order of the calls. A log that several servers share has a
 * `tail`, which alone decides what is delivered and in which order.
 */
export interface EventLog {
  append(message: LoggedMessage, target: Target, options?: AppendOptions): MaybePromise<LogEntry>
  /**
   * The entries strictly after a client's id, or after an offset of this log: at most `limit`, and
   * about `maxBytes` of data, but at least one if there is one. If the log cannot continue after the
   * id, there is a `gap`, and the entries follow `gap.to`.
   */
  since(after: string | number, bounds: PageBounds): MaybePromise<LogPage>
  /** The position of the newest entry, or the one before the first. */
  head(): MaybePromise<LogPosition>
  /**
   * Calls `listener` with the entries of all servers, in order, from the returned position on. A
   * `gap` reports a loss before these entries, of which there may then be none. Every connected
   * client is told of it.
   *
   * If this throws or rejects, the sink reports it to `onError` and tries again after growing
   * delays, up to half a minute. Its clients stay, and receive what they missed once it succeeds.
   * After that, the tail must keep going by itself.
   */
  tail?(listener: TailListener): MaybePromise<LogTail>
  close(): MaybePromise<void>
}

export type TailListener = (entries: readonly LogEntry[], gap?: LogGap) => void

export interface LogTail {
  readonly position: LogPosition
  /** After it, no listener is called. */
  stop(): void
  /** Calls back once if the log ends the tail, because it is closed. */
  onEnd?(listener: (reason: Error) => void): void
}
