import type { OperatorFunction } from 'rxjs'
import type { SseEvent } from '../event.ts'
import { operate } from '../stage/operate.ts'
import { type SideOutput, toSideOutput } from '../stage/side-output.ts'
import type { EventMap, EventOf } from './define-events.ts'
import { type DecodeOptions, validating, validatorOf } from './event-validator.ts'

export interface DecodeByTypeOptions extends DecodeOptions {
  /** Where events go whose type the map does not have. Default: they are only counted. */
  readonly onUnknown?: SideOutput<SseEvent>
}

/**
 * Decodes each event with the schema of its type, to a union that TypeScript tells apart by `type`.
 *
 * ```ts
 * const events = defineEvents({ price: Price, trade: Trade })
 * fromEventSource(url).pipe(decodeByType(events)).subscribe((event) => {
 *   if (event.type === 'price') event.data.price
 * })
 * ```
 *
 * Emits when an event of a known type is valid, in the order of arrival.
 * Drops events of other types, to `onUnknown`. Invalid ones go to `onInvalid`, without one they error the stream.
 * Completes when the source has completed and everything it sent is validated.
 * Unsubscribes from the source at once; validations under way are forgotten.
 */
export function decodeByType<const M extends EventMap>(
  events: M,
  options: DecodeByTypeOptions = {},
): OperatorFunction<SseEvent, EventOf<M>> {
  // A Map: a stream's type may be any string, 'constructor' as well.
  const validators = new Map(
    Object.entries(events).map(([type, schema]) => [type, validatorOf(`decodeByType: ${type}`, schema)]),
  )
  const onUnknown = toSideOutput('decodeByType: onUnknown', options.onUnknown)
  toSideOutput('decodeByType: onInvalid', options.onInvalid)
  return operate<SseEvent, EventOf<M>>((stage) =>
    validating('decodeByType', stage, options, (event) => {
      const validate = validators.get(event.type)
      if (validate === undefined) {
        stage.ledger.dropped++
        onUnknown?.(event)
      }
      return validate
    }),
  )
}
