import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { SseEvent } from '../event.ts'
import type { Stage, StageContext } from '../stage/operate.ts'
import type { SideOutput } from '../stage/side-output.ts'
import { type InvalidEvent, parseIssue, rejector } from './invalid-event.ts'

export interface DecodeOptions {
  /** Turns the data's text into what the schema validates. Default: `JSON.parse`. */
  readonly parse?: (data: string) => unknown
  /** Where events go that do not parse or do not fit. Default: the stream errors with a `DecodeError`. */
  readonly onInvalid?: SideOutput<InvalidEvent>
}

type Validate = StandardSchemaV1['~standard']['validate']
type Result = StandardSchemaV1.Result<unknown>

/** The schema's own validate function. Throws a `TypeError` that names the option where there is none. */
export function validatorOf(option: string, schema: StandardSchemaV1): Validate {
  const standard = schema?.['~standard']
  if (typeof standard?.validate === 'function') return (value) => standard.validate(value)
  throw new TypeError(`${option} must be a Standard Schema, such as zod's z.object({...})`)
}

/** Parses and validates, in order. `validatorFor` answers undefined for an event it has disposed of. */
export function validating<Out>(
  operator: string,
  stage: StageContext<SseEvent<Out>>,
  { parse = JSON.parse, onInvalid }: DecodeOptions,
  validatorFor: (event: SseEvent) => Validate | undefined,
): Stage<SseEvent> {
  const reject = rejector(stage, `${operator}: onInvalid`, onInvalid)
  const line: Pending[] = []
  let completing = false

  function deliver(event: SseEvent, result: Result): void {
    if (result.issues !== undefined) {
      reject(event, result.issues)
      return
    }
    stage.ledger.out++
    // The library vouches for the value; its type is the schema's output, which `Out` stands for.
    stage.out.next({ type: event.type, data: result.value as Out, lastEventId: event.lastEventId })
  }

  /** Lets out what is settled at the head of the line. */
  function advance(): void {
    for (let head = line[0]; head?.outcome !== undefined && !stage.out.closed; head = line[0]) {
      line.shift()
      if ('thrown' in head.outcome)
        reject(head.event, parseIssue(head.outcome.thrown), { cause: head.outcome.thrown })
      else deliver(head.event, head.outcome.result)
    }
    if (completing && line.length === 0) stage.out.complete()
  }

  function wait(event: SseEvent, outcome: Outcome | Promise<Result>): void {
    const pending: Pending = { event, outcome: undefined }
    line.push(pending)
    if (!(outcome instanceof Promise)) {
      pending.outcome = outcome
      return
    }
    const settle = (settled: Outcome) =>
      stage.enter(() => {
        pending.outcome = settled
        advance()
      })
    outcome.then(
      (result) => settle({ result }),
      (thrown) => settle({ thrown }),
    )
  }

  return {
    next(event) {
      const validate = validatorFor(event)
      if (validate === undefined) return
      let result: Result | Promise<Result>
      try {
        result = validate(parse(event.data))
      } catch (thrown) {
        if (line.length > 0) wait(event, { thrown })
        else reject(event, parseIssue(thrown), { cause: thrown })
        return
      }
      if (result instanceof Promise) wait(event, result)
      else if (line.length > 0) wait(event, { result })
      else deliver(event, result)
    },
    complete() {
      completing = true
      if (line.length === 0) stage.out.complete()
    },
  }
}

interface Pending {
  readonly event: SseEvent
  outcome: Outcome | undefined
}

type Outcome = { readonly result: Result } | { readonly thrown: unknown }
