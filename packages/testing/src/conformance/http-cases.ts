import type { Attempt } from '../servers/scripted/script.ts'
import cases from './http.json' with { type: 'json' }

/** A conversation of a client with a scripted server, connection by connection. */
export interface HttpCase {
  readonly id: string
  /**
   * `MUST` and `SHOULD` follow from the standards. `DECIDED` is a decision of this project where they are silent or
   * disputed. `OPTION` needs a client that has the options of `client` other than a reconnection time.
   */
  readonly level: 'MUST' | 'SHOULD' | 'DECIDED' | 'OPTION'
  /** The test suite or the section of a standard that the case comes from. */
  readonly source: string
  readonly title: string
  /** How the server answers each request in turn. Later requests get 204 and are counted. */
  readonly attempts: readonly Attempt[]
  readonly client?: HttpCaseOptions
  readonly expect: HttpCaseExpectation
  /** Milliseconds to wait for unexpected events and requests after the expectation is met. Default 300. */
  readonly settle?: number
  /** Milliseconds after the first request at which the runner closes the client, but not before the expected events. */
  readonly closeAfter?: number
  /** The runner closes the client during the delivery of this event, counted from 1. */
  readonly closeOnEvent?: number
}

/** The options of the client in a case. */
export interface HttpCaseOptions {
  /** The reconnection time until the server sends one, in milliseconds. Default 50. */
  readonly initialDelayMs?: number
  readonly lastEventId?: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** The expected result. Properties that are not given are not checked. */
export interface HttpCaseExpectation {
  /** Exactly these, in order. */
  readonly events: readonly (readonly [data: string, type: string, lastEventId: string])[]
  /** The number of requests: exactly, or at least and at most. */
  readonly requests: number | readonly [min: number, max: number]
  /** Whether the client has given up. */
  readonly fatal?: boolean
  /** By the index of the request. Header values are latin-1, one character for each byte. */
  readonly req?: Readonly<Record<string, HttpRequestExpectation>>
  /** By the index of the request: milliseconds since the end of the previous attempt. */
  readonly gap?: Readonly<Record<string, readonly [min: number, max: number]>>
  /** The milliseconds within which the events must arrive. */
  readonly within?: number
  /** The number of connection losses that the client reports: at least and at most. */
  readonly errors?: readonly [min: number, max: number]
  readonly errorsMax?: number
  /** The number of times that the client reports an open stream. */
  readonly opens?: number
  /** The attempt whose socket the client must close. */
  readonly closedByClient?: number
}

export interface HttpRequestExpectation {
  readonly has?: Readonly<Record<string, string>>
  readonly lacks?: readonly string[]
  readonly method?: string
  readonly path?: string
  readonly body?: string
}

/** The conversations of a conforming SSE client, for which any status but 200 is final. */
export const httpCases: readonly HttpCase[] = cases as readonly unknown[] as readonly HttpCase[]
