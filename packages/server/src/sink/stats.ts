/** The counts of a sink or a `streamTo` since it was created. */
export interface SinkStats {
  /** Open connections. */
  readonly connections: number
  /** Requests that are not answered yet. */
  readonly pending: number
  /** Open connections whose client is behind. */
  readonly behind: number
  /** Connections opened in all. */
  readonly opened: number
  /** Messages accepted from pipelines and `publish`. */
  readonly published: number
  /** Messages left out because `match` does not let their topic through. */
  readonly filtered: number
  /** Messages that could not be sent as they were, or that the log refused. */
  readonly rejected: number
  /** Entries of the log that were left out because they are malformed. */
  readonly refused: number
  /** Errors of the subscribed pipelines. */
  readonly sourceErrors: number
  /** Messages handed to connections, counted once for each connection. */
  readonly delivered: number
  /** Bytes handed to connections. */
  readonly bytes: number
  /** Messages that slow clients missed. */
  readonly skipped: number
  /** Waiting messages that a newer one replaced. */
  readonly coalesced: number
  /** Clients disconnected because they were slow. */
  readonly disconnected: number
  /** Connections that asked to resume after an id. */
  readonly resumed: number
  /** Gaps that connections were told of. */
  readonly gaps: number
}

/** The counts that only grow. */
export type Counters = {
  -readonly [K in Exclude<keyof SinkStats, 'connections' | 'pending' | 'behind'>]: number
}

export function createCounters(): Counters {
  return {
    opened: 0,
    published: 0,
    filtered: 0,
    rejected: 0,
    refused: 0,
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
