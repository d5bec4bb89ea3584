/**
 * What went wrong, as a closed list to switch over.
 *
 * | code | meaning |
 * | --- | --- |
 * | `network` | no connection, or one that was cut |
 * | `tls` | the server's certificate does not verify |
 * | `http-status` | an answer other than 200; see `status` and `body` |
 * | `content-type` | a 200 that is not `text/event-stream` |
 * | `connect-timeout` | no response head within `timeouts.connect` |
 * | `idle-timeout` | no byte within `timeouts.idle` |
 * | `event-too-large` | an event of more than `maxEventSize` bytes |
 * | `redirect` | a redirect that may not be followed |
 * | `request` | a url, header, body or id factory failed, or gave what HTTP cannot carry; or `reconnect.decide` threw |
 * | `retries-exhausted` | `reconnect.maxAttempts` in a row failed; `cause` is the last failure |
 */
export type EventSourceErrorCode =
  | 'network'
  | 'tls'
  | 'http-status'
  | 'content-type'
  | 'connect-timeout'
  | 'idle-timeout'
  | 'event-too-large'
  | 'redirect'
  | 'request'
  | 'retries-exhausted'

/** What {@link EventSourceError} knows beside its code and message. */
export interface EventSourceErrorDetails {
  readonly status?: number | undefined
  readonly url?: string | undefined
  readonly attempt?: number | undefined
  readonly body?: string | undefined
  readonly cause?: unknown
}

/**
 * The one error of this package: what an Observable of `fromEventSource` ends with, and what `state` and
 * `reconnect.decide` are told. Header values, query parameters and passwords appear in none of its fields.
 */
export class EventSourceError extends Error {
  /** What kind of failure it is. */
  declare readonly code: EventSourceErrorCode
  /** The HTTP status, where there was an answer. */
  declare readonly status: number | undefined
  /** Where the connection went, without user, password, query and fragment. */
  declare readonly url: string | undefined
  /** Which connection of the subscription it was, from 1. */
  declare readonly attempt: number | undefined
  /** The first KiB of the answer's body, for `http-status` and `content-type`. */
  declare readonly body: string | undefined

  constructor(code: EventSourceErrorCode, message: string, details: EventSourceErrorDetails = {}) {
    const { cause, ...known } = details
    super(message, cause === undefined ? undefined : { cause })
    Object.assign(this, { name: 'EventSourceError', code, ...known })
  }
}

/** `url` without the parts that carry secrets. */
export function publicUrl(url: URL): string {
  return `${url.origin}${url.pathname}${url.search && '?…'}`
}
