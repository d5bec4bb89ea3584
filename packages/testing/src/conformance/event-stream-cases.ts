import cases from './event-stream.json' with { type: 'json' }

/** A `text/event-stream` body and its events by the HTML standard, however the body is cut into chunks. */
export interface EventStreamCase {
  readonly name: string
  /** The test suite or the section of a standard that the case comes from. */
  readonly source: string
  /** The whole body, base64. */
  readonly input_b64: string
  readonly expected: {
    readonly events: readonly { readonly type: string; readonly data: string; readonly lastEventId: string }[]
    /** The last valid reconnection time in milliseconds, or null. */
    readonly retry: number | null
    /** The last event ID string at the end, which a reconnection sends. */
    readonly final_lastEventId: string
  }
  /** The sizes of the chunks of one cut that is worth a test. */
  readonly chunk_sizes?: readonly number[]
  /** Properties of `expected` that are not compared, because interpretations of the standard differ. */
  readonly ambiguous?: readonly string[]
  readonly note?: string
}

/** Event streams from the web platform tests, from cross-language contract suites and from other libraries. */
export const eventStreamCases: readonly EventStreamCase[] = cases
