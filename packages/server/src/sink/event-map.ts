import { isPromise } from '../maybe-promise.ts'
import type { StandardSchema } from '../standard-schema.ts'
import { SinkError } from './errors.ts'
import type { MaybePromise, SseMessage } from './message.ts'

/** Event types, each with the schema of its data: any Standard Schema (zod, valibot, arktype). */
export type EventMap = Readonly<Record<string, StandardSchema>>

/** The messages that a map allows: each type with its own data, as its schema takes it. */
export type MessageOf<Events extends EventMap> = {
  [Type in keyof Events & string]: {
    readonly type: Type
    readonly data: NonNullable<Events[Type]['~standard']['types']>['input']
    readonly id?: string
    readonly retry?: number
  }
}[keyof Events & string]

/**
 * One map that types and checks both ends: `createSink({ events })` where it is sent, and `decodeByType(events)`
 * of `@rxsse/operators` where it is read. It is returned as it is.
 */
export function defineEvents<const Events extends EventMap>(events: Events): Events {
  return events
}

/**
 * Checks a message against the schema of its type: data must be what the schema takes, which is what the reading
 * end will decode. The message itself is sent, not what a schema makes of it. Throws or rejects with a
 * `SinkError` that names the type and the permit.
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

type Result = Awaited<ReturnType<StandardSchema['~standard']['validate']>>

function assertValid({ issues }: Result, type: string): void {
  if (issues === undefined) return
  const told = issues.map(({ message, path = [] }) => {
    const at = path.map((part) => String(typeof part === 'object' ? part.key : part)).join('.')
    return at === '' ? message : `${at}: ${message}`
  })
  throw new SinkError('message', `message.data is not what '${type}' takes: ${told.join('; ')}`)
}
