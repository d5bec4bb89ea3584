import {
  isPromise,
  type MaybePromise,
  resolveValidate,
  type SseMessage,
  type ValidateResult,
} from '@rxsse/shared'
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
 * Creates the function that checks the data of a message against the schema of its type. The message is
 * sent as it is, not as the schema transforms it. The function throws or rejects with a `SinkError` that
 * names the type and the path. Throws a `TypeError` if a type has no schema.
 */
export function createEventCheck(events: EventMap): (message: SseMessage) => MaybePromise<void> {
  const types = Object.entries(events)
  const validators = new Map(
    types.map(([type, schema]) => [type, resolveValidate(schema, `createSink: events.${type}`)]),
  )
  const known = types.map(([type]) => type).join(', ')
  return ({ type = 'message', data }) => {
    const validate = validators.get(type)
    if (validate === undefined) {
      throw new SinkError(
        'message',
        `message.type is '${type}', which is none of the sink's events: ${known}`,
      )
    }
    const result = validate(data)
    return isPromise(result)
      ? result.then((settled) => assertValid(settled, type))
      : assertValid(result, type)
  }
}

function assertValid({ issues }: ValidateResult, type: string): void {
  if (issues === undefined) return
  const reasons = issues.map(({ message, path = [] }) => {
    const at = path.map((part) => String(typeof part === 'object' ? part.key : part)).join('.')
    return at === '' ? message : `${at}: ${message}`
  })
  throw new SinkError('message', `message.data does not fit the schema of '${type}': ${reasons.join('; ')}`)
}
