import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { OperatorFunction } from 'rxjs'
import type { SseEvent } from '../event.ts'
import { operate } from '../stage/operate.ts'
import { toSideOutput } from '../stage/side-output.ts'
import { type DecodeOptions, validating, validatorOf } from './event-validator.ts'

/**
 * Parses each event's data and validates it with a schema of any library that speaks Standard Schema (zod, valibot,
 * arktype). The event comes out with the schema's output as its data; type and lastEventId stay.
 *
 * A schema that answers at once costs no promise. One that answers later holds back what comes after it, so the order
 * stays; validations run side by side.
 *
 * ```ts
 * const Price = z.object({ symbol: z.string(), price: z.number() })
 * fromEventSource(url).pipe(decode(Price)).subscribe((event) => event.data.price)
 * ```
 *
 * Emits when an event's data is valid, in the order of arrival.
 * Drops nothing: data that does not parse or does not fit goes to `onInvalid`, without one it errors the stream with a `DecodeError`.
 * Completes when the source has completed and everything it sent is validated.
 * Unsubscribes from the source at once; validations under way are forgotten.
 */
export function decode<Schema extends StandardSchemaV1, S extends SseEvent = SseEvent>(
  schema: Schema,
  options: DecodeOptions = {},
): OperatorFunction<S, SseEvent<StandardSchemaV1.InferOutput<Schema>, S['type']>> {
  const validate = validatorOf('decode: schema', schema)
  toSideOutput('decode: onInvalid', options.onInvalid)
  return operate((stage) => validating('decode', stage, options, () => validate))
}
