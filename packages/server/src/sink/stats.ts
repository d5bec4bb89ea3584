/** What a sink has done since it was made. */
export interface SinkStats {
  /** Open connections. */
  readonly connections: number
  /** How many of them are behind. */
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
  /** Messages handed to connections, one for each connection. */
  readonly delivered: number
  /** The bytes of all that was handed to them. */
  readonly bytes: number
  /** Messages that slow clients missed. */
  readonly skipped: number
  /** Messages that newer ones replaced while they waited. */
  readonly coalesced: number
  /** Clients cut off because they were slow. */
  readonly disconnected: number
  /** Connections that resumed after an id. */
  readonly resumed: number
  /** Connections that were told of a gap. */
  readonly gaps: number
}

/** The counts that only grow. */
export type Counters = { -readonly [K in Exclude<keyof SinkStats, 'connections' | 'behind'>]: number }

export function createCounters(): Counters {
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
