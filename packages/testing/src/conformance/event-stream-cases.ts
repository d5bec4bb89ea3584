import cases from './event-stream.json' with { type: 'json' }

/** Bytes of a `text/event-stream` body, and what the HTML standard makes of them, however they are cut. */
export interface EventStreamCase {
  readonly name: string
  /** Where the case comes from: a test suite, or a section of a standard. */
  readonly source: string
  /** The whole body, base64. */
  readonly input_b64: string
  readonly expected: {
    readonly events: readonly { readonly type: string; readonly data: string; readonly lastEventId: string }[]
    /** The last valid reconnection time in milliseconds, or null. */
    readonly retry: number | null
    /** The last event ID string at the end: what a reconnect sends. */
    readonly final_lastEventId: string
  }
  /** A cut of the body worth trying beside the others. */
  readonly chunk_sizes?: readonly number[]
  /** Names in `expected` on which readers of the standard differ; they are not compared. */
  readonly ambiguous?: readonly string[]
  readonly note?: string
}

/** Event streams from the web platform tests, cross-language contract suites and peers, with what each must be read as. */
export const eventStreamCases: readonly EventStreamCase[] = cases
