import { resolveValidate, type SseEvent } from '@rxsse/shared'
import type { StandardSchemaV1 } from '@standard-schema/spec'

/** Schemas by event type. */
export type EventMap = Readonly<Record<string, StandardSchemaV1>>

/** The events of a map, as a union that TypeScript narrows by `type`. */
export type EventOf<M extends EventMap> = {
  [E in keyof M & string]: SseEvent<StandardSchemaV1.InferOutput<M[E]>, E>
}[keyof M & string]

/**
 * Defines one map of event types to schemas for both ends of a stream: `decodeByType(map)` for the reader, and a sink's
 * `events` option for the sender.
 *
 * ```ts
 * const events = defineEvents({ price: Price, trade: Trade })
 * ```
 */
export function defineEvents<const M extends EventMap>(events: M): M {
  for (const [type, schema] of Object.entries(events)) resolveValidate(schema, `defineEvents: ${type}`)
  return events
}
