import { resolveValidate, type SseEvent } from '@rxsse/shared'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { OperatorFunction } from 'rxjs'
import { operate } from '../stage/operate.ts'
import { type DecodeOptions, EventValidator, resolveDecodeOptions } from './event-validator.ts'

/**
 * Parses each event's data and validates it with a schema of any Standard Schema library (zod, valibot, arktype). The
 * schema's output is the data of the emitted event. `type` and `lastEventId` stay.
 *
 * A synchronous schema costs no promise. An asynchronous one holds back the events after it, so their order stays.
 * Up to `concurrency` validations run at the same time; with a `gate` the source waits for them.
 *
 * ```ts
 * const Price = z.object({ symbol: z.string(), price: z.number() })
 * fromEventSource(url).pipe(decode(Price)).subscribe((event) => event.data.price)
 * ```
 *
 * Emits when an event's data is valid, in the order of arrival.
 * Drops nothing: data that does not parse or fit goes to `onInvalid`; without it the stream errors with a `DecodeError`.
 * Completes when the source has completed and every event is validated.
 * Unsubscribes from the source at once; results of running validations are ignored.
 */
export function decode<Schema extends StandardSchemaV1, S extends SseEvent = SseEvent>(
  schema: Schema,
  options: DecodeOptions = {},
): OperatorFunction<S, SseEvent<StandardSchemaV1.InferOutput<Schema>, S['type']>> {
  const validate = resolveValidate(schema, 'decode: schema')
  const config = resolveDecodeOptions('decode', options)
  return operate('decode', options.stage, (context) => new EventValidator(context, config, () => validate))
}
