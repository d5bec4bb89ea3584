import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { SseEvent } from '../event.ts'
import { validatorOf } from './event-validator.ts'

/** Schemas by event type. */
export type EventMap = Readonly<Record<string, StandardSchemaV1>>

/** The events of a map, as a union told apart by `type`. */
export type EventOf<M extends EventMap> = {
  [E in keyof M & string]: SseEvent<StandardSchemaV1.InferOutput<M[E]>, E>
}[keyof M & string]

/**
 * One map of event types to schemas, for both ends of a stream: `decodeByType(map)` where it is read, a sink's `events`
 * option where it is sent.
 *
 * ```ts
 * const events = defineEvents({ price: Price, trade: Trade })
 * ```
 */
export function defineEvents<const M extends EventMap>(events: M): M {
  for (const [type, schema] of Object.entries(events)) validatorOf(`defineEvents: ${type}`, schema)
  return events
}
