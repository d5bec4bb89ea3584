import { optionError } from '@rxsse/shared'
import type { Primitive } from '../engine/keyed-state/key.ts'
import type { Part } from '../engine/queues/contiguous-prefix.ts'
import { Queue } from '../engine/queues/queue.ts'
import { settleEvent } from '../stage/follow.ts'
import type { OperatorContext, StageOptions } from '../stage/operate.ts'
import { requireLimit } from '../stage/require-limit.ts'
import { resolveSideOutput, type SideOutput } from '../stage/side-output.ts'

/** Holds a source back: its reader stops while the gate is shut. `createFlowGate` of `@rxsse/core` makes one. */
export interface FlowGate {
  readonly shut: boolean
  acquire(n?: number): void
  release(n?: number): void
}

const OVERFLOWS = ['pause', 'drop-oldest', 'drop-newest', 'fail'] as const

export interface JobQueueOptions<T> extends StageOptions {
  /** How many events may wait. Not for `'pause'`, where the gate decides. Default: 1,000. */
  readonly buffer?: number
  /**
   * What happens if one event more would have to wait: with `'pause'` the gate holds the source back, `'drop-oldest'` and
   * `'drop-newest'` drop one, `'fail'` errors the stream. Default: `'pause'` with a gate, `'fail'` without.
   */
  readonly overflow?: (typeof OVERFLOWS)[number]
  /** Counts each event from its arrival until it is handled. The source's reader must have the same gate. */
  readonly gate?: FlowGate
  /** Takes dropped events. */
  readonly onDropped?: SideOutput<T>
}

/** Errors the stream with `overflow: 'fail'`. */
export class BufferOverflowError extends Error {
  override readonly name = 'BufferOverflowError'
  readonly buffer: number

  constructor(operator: string, buffer: number) {
    super(
      `${operator}: more than ${buffer} events wait. Handle them faster, pass a gate, or choose an overflow that drops some`,
    )
    this.buffer = buffer
  }
}

/** The options, checked and with their defaults. */
export interface JobQueueConfig<T> {
  readonly operator: string
  readonly buffer: number
  readonly overflow: (typeof OVERFLOWS)[number]
  readonly gate: FlowGate | undefined
  readonly onDropped: ((event: T) => void) | undefined
}

export function resolveJobQueueOptions<T>(operator: string, options: JobQueueOptions<T>): JobQueueConfig<T> {
  const { gate, buffer, overflow = gate === undefined ? 'fail' : 'pause' } = options
  if (!OVERFLOWS.includes(overflow)) {
    throw optionError(`${operator}: overflow`, `'pause', 'drop-oldest', 'drop-newest' or 'fail'`, overflow)
  }
  requireGate(gate, `${operator}: gate`)
  if (overflow === 'pause' && gate === undefined) {
    throw new TypeError(`${operator}: overflow 'pause' needs a gate, which the source's reader must have too`)
  }
  if (overflow === 'pause' && buffer !== undefined) {
    throw new TypeError(
      `${operator}: buffer has no meaning with overflow 'pause', where the gate sets the bound`,
    )
  }
  return {
    operator,
    buffer:
      overflow === 'pause'
        ? Number.POSITIVE_INFINITY
        : requireLimit(buffer ?? 1000, `${operator}: buffer`, 0),
    overflow,
    gate,
    onDropped: resolveSideOutput(options.onDropped, `${operator}: onDropped`),
  }
}

/** Returns the gate, or undefined if there is none. Throws a `TypeError` that names the option. */
export function requireGate(gate: FlowGate | undefined, option: string): FlowGate | undefined {
  if (gate === undefined || (typeof gate?.acquire === 'function' && typeof gate.release === 'function'))
    return gate
  throw optionError(option, 'a gate with acquire() and release()', gate)
}

/** An event that waits or is being handled. */
export interface Job<T> {
  readonly event: T
  /** The event as `commit` follows it. */
  readonly part: Part<string> | undefined
  /** Jobs with equal keys are handled one after the other, if the operator has keys. */
  readonly key: Primitive
}

/** Jobs that wait, in the order of arrival. A `Queue` is one. */
export interface WaitingJobs<T> {
  readonly length: number
  readonly first: Job<T> | undefined
  push(job: Job<T>): void
  /** Removes the oldest one. */
  shift(): Job<T> | undefined
}

/** A bounded queue of events that wait for the caller's function. It counts each event when it is done. */
export class JobQueue<T> {
  readonly #config: JobQueueConfig<T>
  readonly #context: OperatorContext<unknown>
  readonly #waiting: WaitingJobs<T>
  #unreleased = 0

  constructor(
    config: JobQueueConfig<T>,
    context: OperatorContext<unknown>,
    waiting: WaitingJobs<T> = new Queue<Job<T>>(),
  ) {
    this.#config = config
    this.#context = context
    this.#waiting = waiting
    context.counts.tracker?.onStart()
    // The gate may outlive the stream, so it gets back what unfinished jobs hold.
    context.out.add(() => {
      if (this.#unreleased > 0) config.gate?.release(this.#unreleased)
    })
  }

  get size(): number {
    return this.#waiting.length
  }

  /** Adds an event. It does not count as waiting if the runner `isFree`, which then takes it at once. */
  push(event: T, isFree: boolean, key?: Primitive): void {
    const { gate, buffer, overflow, operator } = this.#config
    gate?.acquire(1)
    this.#unreleased++
    const job: Job<T> = { event, part: this.#context.counts.tracker?.onArrival(event), key }
    if (isFree || this.size < buffer) {
      this.#waiting.push(job)
    } else if (overflow === 'drop-newest' || (overflow === 'drop-oldest' && this.size === 0)) {
      this.#drop(job)
    } else if (overflow === 'drop-oldest') {
      const oldest = this.#waiting.shift() as Job<T>
      // Before the callback, which may send the next event.
      this.#waiting.push(job)
      this.#drop(oldest)
    } else this.#context.out.error(new BufferOverflowError(operator, buffer))
  }

  peek(): T | undefined {
    return this.#waiting.first?.event
  }

  take(): Job<T> | undefined {
    return this.#waiting.shift()
  }

  /** A job is done: counts it and releases the gate. Call `forget` when the user's callbacks have been told. */
  settle(as: 'out' | 'rejected' | 'dropped'): void {
    const { counts } = this.#context
    counts[as]++
    this.#unreleased--
    this.#config.gate?.release(1)
  }

  /** Lets a `commit` save the job's event. If a callback throws, the event has to come again. */
  forget({ part }: Job<T>): void {
    settleEvent(this.#context.counts, part)
  }

  #drop(job: Job<T>): void {
    this.settle('dropped')
    this.#config.onDropped?.(job.event)
    this.forget(job)
  }
}
