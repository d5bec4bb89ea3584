import type { EventSourceError } from '../errors/event-source-error.ts'

/** A request is in progress. */
export interface Connecting {
  readonly status: 'connecting'
  /** The number of the connection within its subscription, from 1. */
  readonly attempt: number
  /** The URL of the request, without query and fragment, which may hold secrets. */
  readonly url: string
  /** The last event ID that the request carries. `''` if there is none, or if HTTP cannot carry it. */
  readonly lastEventId: string
}

/** The server answered with an event stream. */
export interface Open {
  readonly status: 'open'
  readonly attempt: number
  /** The URL of the response, after redirects, without query and fragment. */
  readonly url: string
  /** The HTTP status of the response. */
  readonly httpStatus: number
  /** The response's headers by lower-case name. */
  readonly headers: Readonly<Record<string, string>>
}

/** The connection has ended. The next one starts after `delay`. */
export interface Waiting {
  readonly status: 'waiting'
  /** The number of the connection that ended. */
  readonly attempt: number
  /** Milliseconds until the next connection. */
  readonly delay: number
  /** Why it ended. `'end'` if the server ended the response properly. */
  readonly reason: EventSourceError | 'end'
  /** The last `retry:` of the stream in milliseconds, if there was one. */
  readonly serverRetry?: number | undefined
  /** The `Retry-After` of the response in milliseconds, if it had one. */
  readonly retryAfter?: number | undefined
}

/** The stream is over for good. */
export interface Closed {
  readonly status: 'closed'
  /** The error the Observable ends with, or how it ended without one. */
  readonly reason: EventSourceError | 'complete' | 'unsubscribed'
}

/** The state of a subscription, as the `state` observer gets it. Switch over `status`. */
export type ConnectionState = Connecting | Open | Waiting | Closed
