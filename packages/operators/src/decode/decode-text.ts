import { describeValue, type SseEvent } from '@rxsse/shared'
import type { OperatorFunction } from 'rxjs'
import { createParseOperator, type ParseOptions } from './parse-operator.ts'

/**
 * Keeps each event's data as text, for streams of plain text. An event whose data is not a string is invalid, for example
 * a `MessageEvent` with an object. Emits plain objects, also for a `MessageEvent`.
 *
 * Emits when an event's data is text.
 * Drops nothing: anything else goes to `onInvalid`; without it the stream errors with a `DecodeError`.
 * Completes when the source completes.
 * Unsubscribes from the source at once.
 */
export function decodeText<S extends SseEvent<unknown> = SseEvent<unknown>>(
  options: ParseOptions = {},
): OperatorFunction<S, SseEvent<string, S['type']>> {
  return createParseOperator('decodeText', options, requireText)
}

export function requireText(data: unknown): string {
  if (typeof data === 'string') return data
  throw new TypeError(`expected text, got ${describeValue(data)}`)
}
