import type { OperatorFunction } from 'rxjs'
import type { SseEvent } from '../event.ts'
import { shapeOf } from '../shape.ts'
import { operate } from '../stage/operate.ts'
import { toSideOutput } from '../stage/side-output.ts'
import { type ParseOptions, parsing } from './event-parser.ts'

/**
 * Takes each event's data as the text it is: what `decodeJson` is for JSON, for streams of plain text. An event whose
 * data is anything else (a `MessageEvent` of another making may carry an object) is invalid, and what comes out is a
 * plain event.
 *
 * Emits when an event's data is text.
 * Drops nothing: anything else goes to `onInvalid`, without one it errors the stream with a `DecodeError`.
 * Completes when the source completes.
 * Unsubscribes from the source at once.
 */
export function decodeText<S extends SseEvent<unknown> = SseEvent<unknown>>(
  options: ParseOptions = {},
): OperatorFunction<S, SseEvent<string, S['type']>> {
  toSideOutput('decodeText: onInvalid', options.onInvalid)
  return operate((stage) => parsing(stage, 'decodeText', options.onInvalid, textOf))
}

function textOf(data: unknown): string {
  if (typeof data === 'string') return data
  throw new TypeError(`expected text, got ${shapeOf(data)}`)
}
