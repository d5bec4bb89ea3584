import { isPromise, type MaybePromise, type SseMessage } from '@rxsse/shared'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { SinkError } from './errors.ts'

/** Event types, each with the schema of its data: any Standard Schema (zod, valibot, arktype). */
export type EventMap = Readonly<Record<string, StandardSchemaV1>>

/** The messages that a map allows. The data of each type is the input of its schema. */
export type MessageOf<Events extends EventMap> = {
  [Type in keyof Events & string]: {
    readonly type: Type
    readonly data: StandardSchemaV1.InferInput<Events[Type]>
    readonly id?: string
    readonly retry?: number
  }
}[keyof Events & string]

/**
 * Declares one map that types and checks both ends: `createSink({ events })` on the sending side,
 * `decodeByType(events)` of `@rxsse/operators` on the reading side. Returns the map unchanged.
 */
export function defineEvents<const Events extends EventMap>(events: Events): Events {
  return events
}

/**
 * Checks the data of a message against the schema of its type. The message is sent as it is, not as
 * the schema transforms it. Throws or rejects with a `SinkError` that names the type and the path.
 */
export function checkEvent(events: EventMap, { type = 'message', data }: SseMessage): MaybePromise<void> {
  const schema = Object.hasOwn(events, type) ? events[type] : undefined
  if (schema === undefined) {
    const known = Object.keys(events).join(', ')
    throw new SinkError('message', `message.type is '${type}', which is none of the sink's events: ${known}`)
  }
  const result = schema['~standard'].validate(data)
  return isPromise(result) ? result.then((settled) => assertValid(settled, type)) : assertValid(result, type)
}

function assertValid({ issues }: StandardSchemaV1.Result<unknown>, type: string): void {
  if (issues === undefined) return
  const reasons = issues.map(({ message, path = [] }) => {
    const at = path.map((part) => String(typeof part === 'object' ? part.key : part)).join('.')
    return at === '' ? message : `${at}: ${message}`
  })
  throw new SinkError('message', `message.data does not fit the schema of '${type}': ${reasons.join('; ')}`)
}
