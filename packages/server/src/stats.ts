/** What a sink has done since it was made. */
export interface SinkStats {
  /** Open connections, and how many of them are behind. */
  readonly connections: number
  readonly behind: number
  /** Connections opened in all. */
  readonly opened: number
  /** Messages accepted from pipelines and `publish`. */
  readonly published: number
  /** Messages that are none of what this sink streams (`match`). */
  readonly filtered: number
  /** Messages that could not be sent as they were, or that the log refused. */
  readonly rejected: number
  /** Errors of the pipelines subscribed to the sink. */
  readonly sourceErrors: number
  /** Messages handed to connections, one for each connection, and the bytes of all that was. */
  readonly delivered: number
  readonly bytes: number
  /** Messages that slow clients missed, that newer ones replaced while waiting, and clients cut off for it. */
  readonly skipped: number
  readonly coalesced: number
  readonly disconnected: number
  /** Connections that resumed after an id, and those that were told of a gap. */
  readonly resumed: number
  readonly gaps: number
}

/** The counts that only grow. */
export type Counters = { -readonly [K in Exclude<keyof SinkStats, 'connections' | 'behind'>]: number }

export function newCounters(): Counters {
  return {
    opened: 0,
    published: 0,
    filtered: 0,
    rejected: 0,
    sourceErrors: 0,
    delivered: 0,
    bytes: 0,
    skipped: 0,
    coalesced: 0,
    disconnected: 0,
    resumed: 0,
    gaps: 0,
  }
}
