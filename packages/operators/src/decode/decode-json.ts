import type { OperatorFunction } from 'rxjs'
import type { SseEvent } from '../event.ts'
import { operate } from '../operate.ts'
import { toSideOutput } from '../side-output.ts'
import { type ParseOptions, parsing } from './parsing.ts'

/**
 * Parses each event's data as JSON and takes the caller's word for its type. Where the sender is not trusted with that,
 * use `decode` and a schema.
 *
 * Emits when an event's data is JSON.
 * Drops nothing: what is not JSON goes to `onInvalid`, without one it errors the stream with a `DecodeError`.
 * Completes when the source completes.
 * Unsubscribes from the source at once.
 */
export function decodeJson<T = unknown, E extends string = string>(
  options: ParseOptions = {},
): OperatorFunction<SseEvent<string, E>, SseEvent<T, E>> {
  toSideOutput('decodeJson: onInvalid', options.onInvalid)
  return operate((stage) => parsing('decodeJson', stage, options.onInvalid, (data): T => JSON.parse(data)))
}
