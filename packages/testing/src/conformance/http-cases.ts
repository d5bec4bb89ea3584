import type { Attempt } from '../scripted-server/script.ts'
import cases from './http.json' with { type: 'json' }

/** What a client does, connection by connection, against a scripted server. */
export interface HttpCase {
  readonly id: string
  /**
   * `MUST` and `SHOULD` follow from the standards. `DECIDED` is this project's reading where they are silent or disputed.
   * `OPTION` needs a client that can be given what `client` names beyond a reconnection time.
   */
  readonly level: 'MUST' | 'SHOULD' | 'DECIDED' | 'OPTION'
  /** Where the case comes from: a test suite, or a section of a standard. */
  readonly source: string
  readonly title: string
  /** What the server does on each request in turn; every later one gets 204 and is counted. */
  readonly attempts: readonly Attempt[]
  readonly client?: HttpCaseOptions
  readonly expect: HttpCaseExpectation
  /** Milliseconds from the moment the expectation is met until it is judged, for what should not come. Default 300. */
  readonly settle?: number
  /** Milliseconds from the first request until the runner closes the client; later if the expected events come later. */
  readonly closeAfter?: number
  /** The runner closes the client within the delivery of this event, counted from 1. */
  readonly closeOnEvent?: number
}

/** How the client of a case is set up. */
export interface HttpCaseOptions {
  /** The reconnection time until the server names one, in milliseconds. Default 50. */
  readonly initialDelayMs?: number
  readonly lastEventId?: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** What must be seen. What is not named is not judged. */
export interface HttpCaseExpectation {
  /** Exactly these, in order. */
  readonly events: readonly (readonly [data: string, type: string, lastEventId: string])[]
  /** How many requests, in all: exactly, or at least and at most. */
  readonly requests: number | readonly [min: number, max: number]
  /** Whether the client has given up for good. */
  readonly fatal?: boolean
  /** By the index of the request. Header values are latin-1, one character a byte. */
  readonly req?: Readonly<Record<string, HttpRequestExpectation>>
  /** By the index of the request: milliseconds since the attempt before it was over. */
  readonly gap?: Readonly<Record<string, readonly [min: number, max: number]>>
  /** Milliseconds in which the events must have arrived. */
  readonly within?: number
  /** How many losses the client has reported: at least and at most. */
  readonly errors?: readonly [min: number, max: number]
  readonly errorsMax?: number
  /** How many times the client has reported an open stream. */
  readonly opens?: number
  /** The attempt whose socket the client must have closed. */
  readonly closedByClient?: number
}

export interface HttpRequestExpectation {
  readonly has?: Readonly<Record<string, string>>
  readonly lacks?: readonly string[]
  readonly method?: string
  readonly path?: string
  readonly body?: string
}

/** What an SSE client must do on the wire, in the reading where any status but 200 is final. */
export const httpCases: readonly HttpCase[] = cases as readonly unknown[] as readonly HttpCase[]
