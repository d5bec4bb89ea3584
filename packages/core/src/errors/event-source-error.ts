/**
 * What went wrong, as a closed list to switch over.
 *
 * | code | meaning |
 * | --- | --- |
 * | `network` | no connection, or a connection that was cut |
 * | `tls` | the server's certificate does not verify |
 * | `http-status` | a status other than 200; see `status` and `body` |
 * | `content-type` | a 200 that is not `text/event-stream` |
 * | `connect-timeout` | no connection within `timeouts.connect` |
 * | `head-timeout` | no head of a response within `timeouts.head` |
 * | `idle-timeout` | no byte within `timeouts.idle` |
 * | `event-too-large` | an event of more than `maxEventSize` bytes |
 * | `redirect` | a redirect that must not be followed |
 * | `request` | a url, header, body or id factory failed or returned what HTTP cannot carry, or `reconnect.decide`, `until` or `wake` failed |
 * | `aborted` | the `signal` option was aborted; `cause` is its reason |
 * | `options-differ` | `sharedEventSource`: an option is not the same in all tabs |
 * | `incomplete` | a single response ended before `until`, or inside an unfinished event |
 * | `retries-exhausted` | `reconnect.maxAttempts` in a row failed; `cause` is the last failure |
 */
export type EventSourceErrorCode =
  | 'network'
  | 'tls'
  | 'http-status'
  | 'content-type'
  | 'connect-timeout'
  | 'head-timeout'
  | 'idle-timeout'
  | 'event-too-large'
  | 'redirect'
  | 'request'
  | 'aborted'
  | 'incomplete'
  | 'options-differ'
  | 'retries-exhausted'

/** The details of an {@link EventSourceError}. */
export interface EventSourceErrorDetails {
  readonly status?: number | undefined
  readonly url?: string | undefined
  readonly attempt?: number | undefined
  readonly body?: string | undefined
  readonly retryAfter?: number | undefined
  readonly cause?: unknown
}

/**
 * The error of this package. An Observable of `fromEventSource` errors with it; `state` and `reconnect.decide` get it.
 * No field shows header values, query parameters or passwords.
 */
export class EventSourceError extends Error {
  /** What kind of failure it is. */
  declare readonly code: EventSourceErrorCode
  /** The HTTP status, if there was a response. */
  declare readonly status: number | undefined
  /** The URL of the connection, without user, password, query and fragment. */
  declare readonly url: string | undefined
  /** The number of the connection within its subscription, from 1. */
  declare readonly attempt: number | undefined
  /** The first KiB of the response's body, for `http-status` and `content-type`. */
  declare readonly body: string | undefined
  /** The `Retry-After` of the response in milliseconds, if it had one. */
  declare readonly retryAfter: number | undefined

  constructor(code: EventSourceErrorCode, message: string, details: EventSourceErrorDetails = {}) {
    const { cause, ...known } = details
    super(message, cause === undefined ? undefined : { cause })
    Object.assign(this, known, { name: 'EventSourceError', code })
  }
}
