import { optionError, resolveValidate, type SseEvent } from '@rxsse/shared'
import type { OperatorFunction } from 'rxjs'
import { operate } from '../stage/operate.ts'
import { resolveSideOutput, type SideOutput } from '../stage/side-output.ts'
import type { EventMap, EventOf } from './define-events.ts'
import { type DecodeOptions, EventValidator, resolveDecodeOptions } from './event-validator.ts'

export interface DecodeByTypeOptions extends DecodeOptions {
  /** Takes events whose type the map does not have. Default: they are only counted. */
  readonly onUnknown?: SideOutput<SseEvent>
}

/**
 * Decodes each event with the schema of its type, to a union that TypeScript narrows by `type`.
 *
 * ```ts
 * const events = defineEvents({ price: Price, trade: Trade })
 * fromEventSource(url).pipe(decodeByType(events)).subscribe((event) => {
 *   if (event.type === 'price') event.data.price
 * })
 * ```
 *
 * Emits when an event of a known type is valid, in the order of arrival.
 * Drops events of other types, to `onUnknown`. Invalid ones go to `onInvalid`; without it they error the stream.
 * Completes when the source has completed and every event is validated.
 * Unsubscribes from the source at once; results of running validations are ignored.
 */
export function decodeByType<const M extends EventMap>(
  events: M,
  options: DecodeByTypeOptions = {},
): OperatorFunction<SseEvent, EventOf<M>> {
  if (typeof events !== 'object' || events === null) {
    throw optionError('decodeByType: events', 'schemas by event type', events)
  }
  // A Map, because an event's type may be any string, such as 'constructor'.
  const validators = new Map(
    Object.entries(events).map(([type, schema]) => [type, resolveValidate(schema, `decodeByType: ${type}`)]),
  )
  const onUnknown = resolveSideOutput(options.onUnknown, 'decodeByType: onUnknown')
  const config = resolveDecodeOptions('decodeByType', options)
  return operate<SseEvent, EventOf<M>>(
    'decodeByType',
    options.stage,
    (context) =>
      new EventValidator(context, config, (event) => {
        const validate = validators.get(event.type)
        if (validate === undefined) {
          context.counts.dropped++
          onUnknown?.(event)
        }
        return validate
      }),
  )
}
