import {
  describeValue,
  requireFunction,
  requireInteger,
  type SseEvent,
  type Validate,
  type ValidateResult,
} from '@rxsse/shared'
import type { Part } from '../engine/queues/contiguous-prefix.ts'
import { type FlowGate, requireGate } from '../flow/job-queue.ts'
import type { EventHandler, OperatorContext, StageOptions } from '../stage/operate.ts'
import { resolveSideOutput, type SideOutput } from '../stage/side-output.ts'
import { type InvalidEvent, rejectInvalid } from './invalid-event.ts'
import { resolveParseJson } from './parse-json.ts'

export interface DecodeOptions extends StageOptions {
  /** Turns the data's text into the schema's input. Default: `JSON.parse`. */
  readonly parse?: (data: string) => unknown
  /**
   * Whether integers beyond ±(2 ** 53 - 1) become bigints, if they have no fraction and no exponent, where `parse` is left out.
   * Default: false.
   */
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
    parse: requireFunction(parse, `${operator}: parse`),
    onInvalid: resolveSideOutput(options.onInvalid, `${operator}: onInvalid`),
    concurrency: requireInteger(concurrency, `${operator}: concurrency`, 1),
    gate: requireGate(gate, `${operator}: gate`),
  }
}

/**
 * Parses and validates events, and emits them in order. `findValidate` returns undefined for an event that it has counted
 * itself.
 */
export class EventValidator<Out> implements EventHandler<SseEvent> {
  readonly #context: OperatorContext<SseEvent<Out>>
  readonly #config: EventValidatorConfig
  readonly #findValidate: (event: SseEvent) => Validate | undefined
  // A list of the events from the first one that is not validated yet. An array that shrinks in front and grows behind
  // would be copied again and again.
  #first: Pending | undefined
  #last: Pending | undefined
  /** The first event that no loop has taken. */
  #waiting: Pending | undefined
  #held = 0
  /** How many loops validate waiting events, one at a time each. */
  #loops = 0
  #isCompleting = false
  readonly #emit = () => this.#emitValidated()

  readonly state = 'drained'

  constructor(
    context: OperatorContext<SseEvent<Out>>,
    config: EventValidatorConfig,
    findValidate: (event: SseEvent) => Validate | undefined,
  ) {
    this.#context = context
    this.#config = config
    this.#findValidate = findValidate
    context.counts.tracker?.onStart()
    context.counts.isAsynchronous = false
    const { gate } = config
    // The gate may outlive the stream.
    if (gate !== undefined) context.out.add(() => gate.release(this.#held))
  }

  next(event: SseEvent): void {
    const { tracker } = this.#context.counts
    const part = tracker?.onArrival(event)
    const validate = this.#findValidate(event)
    if (validate === undefined) {
      if (part !== undefined) tracker?.onSettled(part)
      return
    }
    const { concurrency } = this.#config
    const mayRun = this.#loops < concurrency
    const isFirst = this.#first === undefined && mayRun
    const outcome = isFirst ? this.#run(event, validate) : undefined
    if (outcome !== undefined && !isThenable(outcome)) {
      this.#passOn(event, outcome, part)
      return
    }
    const pending = { event, validate, part, promise: outcome, outcome: undefined, next: undefined }
    this.#enqueue(pending)
    if (mayRun) this.#validateWaiting()
  }

  complete(): void {
    this.#isCompleting = true
    if (this.#first === undefined) this.#context.out.complete()
  }

  #passOn(event: SseEvent, outcome: Outcome, part: Part<string> | undefined): void {
    const { counts } = this.#context
    if (counts.tracker === undefined || part === undefined) this.#emitOutcome(event, outcome)
    else counts.tracker.passOn(part, counts, () => this.#emitOutcome(event, outcome))
  }

  #emitOutcome(event: SseEvent, outcome: Outcome): void {
    if ('cause' in outcome || outcome.issues !== undefined) {
      rejectInvalid(this.#context, this.#config.onInvalid, event, outcome)
      return
    }
    this.#context.counts.out++
    // The library guarantees that the value has the schema's output type, which is `Out`.
    this.#context.out.next({
      type: event.type,
      data: outcome.value as Out,
      lastEventId: event.lastEventId,
    })
  }

  #enqueue(pending: Pending): void {
    this.#context.counts.isAsynchronous = true
    if (this.#first === undefined || this.#last === undefined) this.#first = pending
    else this.#last.next = pending
    this.#last = pending
    this.#waiting ??= pending
    this.#held++
    this.#config.gate?.acquire(1)
  }

  /** Validates waiting events until there is none, and emits those that are at the head of the queue. */
  async #validateWaiting(): Promise<void> {
    this.#loops++
    do {
      const pending = this.#waiting
      if (pending === undefined) break
      this.#waiting = pending.next
      const result = pending.promise ?? this.#run(pending.event, pending.validate)
      try {
        // `await` also makes one result of a thenable that throws, settles twice or calls back at once.
        pending.outcome = isThenable(result) ? requireResult(await result) : result
      } catch (cause) {
        pending.outcome = { cause }
      }
      if (pending === this.#first) this.#context.enter(this.#emit)
    } while (!this.#context.out.closed)
    this.#loops--
  }

  #emitValidated(): void {
    const { out } = this.#context
    while (this.#first?.outcome !== undefined && !out.closed) {
      const { event, outcome, part } = this.#first
      this.#first = this.#first.next
      this.#held--
      this.#config.gate?.release(1)
      this.#passOn(event, outcome, part)
    }
    if (this.#isCompleting && this.#first === undefined) out.complete()
  }

  #run(event: SseEvent, validate: Validate): Outcome | PromiseLike<ValidateResult> {
    try {
      const result = validate(this.#config.parse(event.data))
      return isThenable(result) ? result : requireResult(result)
    } catch (cause) {
      return { cause }
    }
  }
}

interface Pending {
  readonly event: SseEvent
  readonly validate: Validate
  readonly part: Part<string> | undefined
  /** Its validation, if that has started on arrival. */
  readonly promise: PromiseLike<ValidateResult> | undefined
  outcome: Outcome | undefined
  next: Pending | undefined
}

type Outcome = ValidateResult | { readonly cause: unknown }

function isThenable(result: unknown): result is PromiseLike<ValidateResult> {
  return (
    result instanceof Promise ||
    typeof (result as Partial<PromiseLike<ValidateResult>> | null)?.then === 'function'
  )
}

function requireResult(result: ValidateResult): Outcome {
  if (typeof result === 'object' && result !== null) return result
  return { cause: new TypeError(`the schema gave ${describeValue(result)} as the result of a validation`) }
}
