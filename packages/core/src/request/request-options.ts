import type { MaybePromise } from '@rxsse/shared'
import type { EventSourceError } from '../errors/event-source-error.ts'

/** What a factory is told about the connection it is called for. */
export interface Attempt {
  /** The number of the connection within its subscription, from 1. */
  readonly number: number
  /** The stream's last event ID, `''` if there is none. */
  readonly lastEventId: string
  /** The error of the previous connection, such as a 401. Missing if that connection ended properly. */
  readonly previousError?: EventSourceError
}

/** What a factory is told about connection `number`. */
export function createAttempt(
  number: number,
  lastEventId = '',
  previousError: EventSourceError | undefined,
): Attempt {
  return { number, lastEventId, ...(previousError && { previousError }) }
}

/** A value, or a function that makes a new value for every connection. */
export type PerAttempt<T> = T | ((attempt: Attempt) => MaybePromise<T>)

/** An http or https URL. In a browser, it may be relative to the page. */
export type UrlInput = PerAttempt<string | URL>

/** Headers by name (undefined values are left out), or as pairs, such as a `Headers` object. */
export type HeadersInput = Readonly<Record<string, string | undefined>> | Iterable<readonly [string, string]>

/** A body that `fetch` takes. A `ReadableStream` can be sent only once: give a function that makes one. */
export type BodyInput =
  | string
  | Uint8Array<ArrayBuffer>
  | ArrayBuffer
  | URLSearchParams
  | Blob
  | FormData
  | ReadableStream<Uint8Array<ArrayBuffer>>

/** The options of a request, with every default in place. */
export interface RequestSettings {
  readonly url: UrlInput
  /** In upper case, unless it is a function. */
  readonly method: PerAttempt<string>
  readonly headers: PerAttempt<HeadersInput>
  readonly body?: PerAttempt<BodyInput | undefined>
  /** The query parameter that carries the last event ID. Undefined: the `Last-Event-ID` header carries it. */
  readonly idParameter: string | undefined
  readonly redirect: 'follow' | 'error'
  /** The `Accept` header, unless the caller sets one. */
  readonly accept: string
}
