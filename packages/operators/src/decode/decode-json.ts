import type { SseEvent } from '@rxsse/shared'
import type { OperatorFunction } from 'rxjs'
import { createParseOperator, type ParseOptions } from './parse-operator.ts'

/**
 * Parses each event's data as JSON. The type `T` is not checked: use `decode` with a schema if you do not trust the sender.
 *
 * Emits when an event's data is JSON.
 * Drops nothing: data that is not JSON goes to `onInvalid`; without it the stream errors with a `DecodeError`.
 * Completes when the source completes.
 * Unsubscribes from the source at once.
 */
export function decodeJson<T = unknown, S extends SseEvent = SseEvent>(
  options: ParseOptions = {},
): OperatorFunction<S, SseEvent<T, S['type']>> {
  return createParseOperator('decodeJson', options, (data: string): T => JSON.parse(data))
}
