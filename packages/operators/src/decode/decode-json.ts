import type { SseEvent } from '@rxsse/shared'
import type { OperatorFunction } from 'rxjs'
import { resolveParseJson } from './parse-json.ts'
import { createParseOperator, type ParseOptions } from './parse-operator.ts'

export interface DecodeJsonOptions extends ParseOptions {
  /**
   * Whether integers beyond ±(2 ** 53 - 1) become bigints, if they have no fraction and no exponent. As numbers they would be rounded
   * without a word. Default: false.
   */
  readonly bigint?: boolean
}

/**
 * Parses each event's data as JSON. The type `T` is not checked: use `decode` with a schema if you do not trust the sender.
 *
 * Emits when an event's data is JSON.
 * Drops nothing: data that is not JSON goes to `onInvalid`; without it the stream errors with a `DecodeError`.
 * Completes when the source completes.
 * Unsubscribes from the source at once.
 */
export function decodeJson<T = unknown, S extends SseEvent = SseEvent>(
  options: DecodeJsonOptions = {},
): OperatorFunction<S, SseEvent<T, S['type']>> {
  const parse = resolveParseJson(options.bigint, 'decodeJson: bigint')
  return createParseOperator('decodeJson', options, (data: string) => parse(data) as T)
}
