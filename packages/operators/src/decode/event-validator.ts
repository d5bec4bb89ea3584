import { optionError, type SseEvent } from '@rxsse/shared'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { EventHandler, OperatorContext, StageOptions } from '../stage/operate.ts'
import type { SideOutput } from '../stage/side-output.ts'
import { type InvalidEvent, rejectInvalid } from './invalid-event.ts'

export interface DecodeOptions extends StageOptions {
  /** Turns the data's text into the schema's input. Default: `JSON.parse`. */
  readonly parse?: (data: string) => unknown
  /** Takes events whose data does not parse or fit the schema. Default: the stream errors with a `DecodeError`. */
  readonly onInvalid?: SideOutput<InvalidEvent>
}

type Validate = StandardSchemaV1['~standard']['validate']
type Result = StandardSchemaV1.Result<unknown>

/** The schema's validate function. Throws a `TypeError` that names the option if it has none. */
export function resolveValidate(schema: StandardSchemaV1, option: string): Validate {
  const standard = schema?.['~standard']
  if (typeof standard?.validate === 'function') return (value) => standard.validate(value)
  throw optionError(option, "a Standard Schema, such as zod's z.object({...})", schema)
}

/**
 * Creates a handler that parses and validates events, and emits them in order. `findValidate` returns undefined for an
 * event that it has counted itself.
 */
export function createEventValidator<Out>(
  context: OperatorContext<SseEvent<Out>>,
  parse: (data: string) => unknown = JSON.parse,
  onInvalid: ((event: InvalidEvent) => void) | undefined,
  findValidate: (event: SseEvent) => Validate | undefined,
): EventHandler<SseEvent> {
  const { out, counts, enter } = context
  /** Events from the first one whose validation is still running. */
  const queue: Pending[] = []
  let isCompleting = false

  function emit(event: SseEvent, result: Result): void {
    if (result.issues !== undefined) {
      rejectInvalid(context, onInvalid, event, result)
      return
    }
    counts.out++
    // The library guarantees that the value has the schema's output type, which is `Out`.
    out.next({ type: event.type, data: result.value as Out, lastEventId: event.lastEventId })
  }

  /** Emits the finished events at the head of the queue. */
  function advance(): void {
    for (let head = queue[0]; head?.outcome !== undefined && !out.closed; head = queue[0]) {
      queue.shift()
      if ('issues' in head.outcome || 'value' in head.outcome) emit(head.event, head.outcome)
      else rejectInvalid(context, onInvalid, head.event, head.outcome)
    }
    if (isCompleting && queue.length === 0) out.complete()
  }

  function enqueue(event: SseEvent, outcome: Outcome | Promise<Result>): void {
    const pending: Pending = { event, outcome: undefined }
    queue.push(pending)
    if (!(outcome instanceof Promise)) {
      pending.outcome = outcome
      return
    }
    const settle = (settled: Outcome) =>
      enter(() => {
        pending.outcome = settled
        advance()
      })
    outcome.then(settle, (cause) => settle({ cause }))
  }

  return {
    next(event) {
      const validate = findValidate(event)
      if (validate === undefined) return
      let result: Result | Promise<Result>
      try {
        result = validate(parse(event.data))
      } catch (cause) {
        if (queue.length > 0) enqueue(event, { cause })
        else rejectInvalid(context, onInvalid, event, { cause })
        return
      }
      if (result instanceof Promise || queue.length > 0) enqueue(event, result)
      else emit(event, result)
    },
    complete() {
      isCompleting = true
      if (queue.length === 0) out.complete()
    },
  }
}

interface Pending {
  readonly event: SseEvent
  outcome: Outcome | undefined
}

type Outcome = Result | { readonly cause: unknown }
