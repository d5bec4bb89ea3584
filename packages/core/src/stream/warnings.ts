/**
 * What is no error and should not be silent.
 *
 * | code | meaning |
 * | --- | --- |
 * | `id-not-sent` | the request cannot carry the last event ID, so the server chooses where to resume |
 * | `no-events` | the body of a response is no event stream, although its content type says so |
 * | `bad-retry` | a `retry:` that is not a number of milliseconds |
 * | `gap` | a sink says that it no longer has some of the events missed |
 */
export interface Warning {
  readonly code: WarningCode
  readonly message: string
}

export type WarningCode = 'id-not-sent' | 'no-events' | 'bad-retry' | 'gap'

/**
 * Whether these are the first bytes of an event stream: a comment, an empty line or a field of the standard. A stream may begin
 * with an unknown field, but a body that does so is JSON or HTML, as a rule.
 */
export function beginsLikeEventStream(bytes: Uint8Array): boolean {
  return bytes.length < 6 || START_OF_STREAM.test(new TextDecoder().decode(bytes.subarray(0, 6)))
}

const START_OF_STREAM = /^([:\r\n]|data|event|id|retry)/
