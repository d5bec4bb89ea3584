import type { OperatorFunction } from 'rxjs'
import type { SseEvent } from '../event.ts'
import { operate } from '../stage/operate.ts'
import { toSideOutput } from '../stage/side-output.ts'
import { type ParseOptions, parsing } from './event-parser.ts'

/**
 * Parses each event's data as JSON and takes the caller's word for its type. Where the sender is not trusted with that,
 * use `decode` and a schema.
 *
 * Emits when an event's data is JSON.
 * Drops nothing: what is not JSON goes to `onInvalid`, without one it errors the stream with a `DecodeError`.
 * Completes when the source completes.
 * Unsubscribes from the source at once.
 */
export function decodeJson<T = unknown, S extends SseEvent = SseEvent>(
  options: ParseOptions = {},
): OperatorFunction<S, SseEvent<T, S['type']>> {
  toSideOutput('decodeJson: onInvalid', options.onInvalid)
  return operate((stage) =>
    parsing(stage, 'decodeJson', options.onInvalid, (data: string): T => JSON.parse(data)),
  )
}
