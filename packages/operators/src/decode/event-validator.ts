import { describeValue, requireInteger, type SseEvent } from '@rxsse/shared'
import type { Part } from '../engine/queues/contiguous-prefix.ts'
import { type FlowGate, requireGate } from '../flow/job-queue.ts'
import type { EventHandler, OperatorContext, StageOptions } from '../stage/operate.ts'
import { resolveSideOutput, type SideOutput } from '../stage/side-output.ts'
import { type InvalidEvent, rejectInvalid } from './invalid-event.ts'
import { resolveParseJson } from './parse-json.ts'
import type { Result, Validate } from './schema-validate.ts'

export interface DecodeOptions extends StageOptions {
  /** Turns the data's text into the schema's input. Default: `JSON.parse`. */
  readonly parse?: (data: string) => unknown
  /** Whether integers beyond ±(2 ** 53 - 1) become bigints, where `parse` is left out. Default: false. */
  readonly bigint?: boolean
  /** Takes events whose data does not parse or fit the schema. Default: the stream errors with a `DecodeError`. */
  readonly onInvalid?: SideOutput<InvalidEvent>
  /** How many validations of an asynchronous schema run at a time. More events wait. Default: 16. */
  readonly concurrency?: number
  /** Counts each event that is or waits to be validated asynchronously. The source's reader must have the same gate. */
  readonly gate?: FlowGate
}

/** The options, checked and with their defaults. */
export interface EventValidatorConfig {
  readonly parse: (data: string) => unknown
  readonly onInvalid: ((event: InvalidEvent) => void) | undefined
  readonly concurrency: number
  readonly gate: FlowGate | undefined
}

export function resolveDecodeOptions(operator: string, options: DecodeOptions): EventValidatorConfig {
  const { parse = resolveParseJson(options.bigint, `${operator}: bigint`), concurrency = 16, gate } = options
  return {
    parse,
    onInvalid: resolveSideOutput(options.onInvalid, `${operator}: onInvalid`),
    concurrency: requireInteger(concurrency, `${operator}: concurrency`, 1),
    gate: requireGate(gate, `${operator}: gate`),
  }
}

/**
 * Creates a handler that parses and validates events, and emits them in order. `findValidate` returns undefined for an
 * event that it has counted itself.
 */
export function createEventValidator<Out>(
  context: OperatorContext<SseEvent<Out>>,
  { parse, onInvalid, concurrency, gate }: EventValidatorConfig,
  findValidate: (event: SseEvent) => Validate | undefined,
): EventHandler<SseEvent> {
  const { out, counts, enter } = context
  const { tracker } = counts
  tracker?.onStart()
  // A list of the events from the first one that is not validated yet. An array that shrinks in front and grows behind
  // would be copied again and again.
  let first: Pending | undefined
  let last: Pending | undefined
  /** The first event whose validation has not started. */
  let waiting: Pending | undefined
  let held = 0
  let running = 0
  let isCompleting = false
  // The gate may outlive the stream.
  if (gate !== undefined) out.add(() => gate.release(held))

  function emit(event: SseEvent, outcome: Outcome): void {
    if ('cause' in outcome || outcome.issues !== undefined) {
      rejectInvalid(context, onInvalid, event, outcome)
      return
    }
    counts.out++
    // The library guarantees that the value has the schema's output type, which is `Out`.
    out.next({ type: event.type, data: outcome.value as Out, lastEventId: event.lastEventId })
  }

  function passOn(event: SseEvent, outcome: Outcome, part: Part<string> | undefined): void {
    if (tracker === undefined || part === undefined) emit(event, outcome)
    else tracker.passOn(part, counts, () => emit(event, outcome))
  }

  /** Starts waiting validations, and emits the finished events at the head of the queue. */
  function advance(): void {
    for (;;) {
      while (running < concurrency && waiting !== undefined) {
        const next: Pending = waiting
        waiting = next.next
        start(next)
      }
      if (first?.outcome === undefined || out.closed) break
      const { event, outcome, part } = first
      first = first.next
      held--
      gate?.release(1)
      passOn(event, outcome, part)
    }
    if (isCompleting && first === undefined) out.complete()
  }

  function enqueue(event: SseEvent, validate: Validate, part: Part<string> | undefined): Pending {
    const pending: Pending = { event, validate, part, outcome: undefined, next: undefined }
    if (first === undefined || last === undefined) first = pending
    else last.next = pending
    last = pending
    held++
    gate?.acquire(1)
    return pending
  }

  function start(pending: Pending): void {
    const outcome = run(pending.event, pending.validate)
    if (isThenable(outcome)) wait(pending, outcome)
    else pending.outcome = outcome
  }

  function run(event: SseEvent, validate: Validate): Outcome | PromiseLike<Result> {
    try {
      const result = validate(parse(event.data))
      return isThenable(result) ? result : requireResult(result)
    } catch (cause) {
      return { cause }
    }
  }

  function wait(pending: Pending, promise: PromiseLike<Result>): void {
    running++
    // A thenable of the schema may throw, settle twice or call back at once: a promise does not.
    Promise.resolve(promise).then(
      (result) => settle(pending, requireResult(result)),
      (cause) => settle(pending, { cause }),
    )
  }

  function settle(pending: Pending, outcome: Outcome): void {
    running--
    pending.outcome = outcome
    // Most validations end in order. One that does not only makes room for a waiting one.
    if (pending === first || waiting !== undefined) enter(advance)
  }

  return {
    next(event) {
      const part = tracker?.onArrival(event)
      const validate = findValidate(event)
      if (validate === undefined) {
        if (part !== undefined) tracker?.onSettled(part)
        return
      }
      if (first !== undefined) {
        const pending = enqueue(event, validate, part)
        waiting ??= pending
        advance()
        return
      }
      const outcome = run(event, validate)
      if (!isThenable(outcome)) {
        passOn(event, outcome, part)
        return
      }
      wait(enqueue(event, validate, part), outcome)
    },
    complete() {
      isCompleting = true
      if (first === undefined) out.complete()
    },
  }
}

interface Pending {
  readonly event: SseEvent
  readonly validate: Validate
  readonly part: Part<string> | undefined
  outcome: Outcome | undefined
  next: Pending | undefined
}

type Outcome = Result | { readonly cause: unknown }

function isThenable(result: unknown): result is PromiseLike<Result> {
  return (
    result instanceof Promise || typeof (result as Partial<PromiseLike<Result>> | null)?.then === 'function'
  )
}

function requireResult(result: Result): Outcome {
  if (typeof result === 'object' && result !== null) return result
  return { cause: new TypeError(`the schema gave ${describeValue(result)} as the result of a validation`) }
}
