import type { EventSourceError } from './errors.ts'

/** A request is under way. */
export interface Connecting {
  readonly status: 'connecting'
  /** Which connection of the subscription this is, from 1. */
  readonly attempt: number
  /** Where it goes, as the url option gives it for this attempt. */
  readonly url: string
  /** The cursor the request carries; `''` where it carries none, as for an id that HTTP cannot carry. */
  readonly lastEventId: string
}

/** The server answered with an event stream. */
export interface Open {
  readonly status: 'open'
  readonly attempt: number
  /** Where the stream comes from, after redirects. */
  readonly url: string
  /** The answer's status. */
  readonly httpStatus: number
  /** The response's headers by lower-case name. */
  readonly headers: Readonly<Record<string, string>>
}

/** The connection is over, and the next one starts after `delay`. */
export interface Waiting {
  readonly status: 'waiting'
  /** The connection that is over. */
  readonly attempt: number
  /** Milliseconds until the next connection. */
  readonly delay: number
  /** Why: `'end'` where the server ended the response properly. */
  readonly reason: EventSourceError | 'end'
}

/** The stream is over for good. */
export interface Closed {
  readonly status: 'closed'
  /** The error the Observable ends with, or how it ended without one. */
  readonly reason: EventSourceError | 'complete' | 'unsubscribed'
}

/** Where a subscription stands: what the `state` observer is told. Switch over `status`. */
export type ConnectionState = Connecting | Open | Waiting | Closed
