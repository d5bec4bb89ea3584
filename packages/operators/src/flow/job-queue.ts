import { shapeOf } from '../shape.ts'
import type { Ledger } from '../stage/counts.ts'
import type { StageContext } from '../stage/operate.ts'
import { type SideOutput, toSideOutput } from '../stage/side-output.ts'

/** What pressure is put on: a reader stops reading while it is shut. `createFlowGate` of `@rxsse/core` makes one. */
export interface FlowGate {
  readonly shut: boolean
  acquire(n?: number): void
  release(n?: number): void
}

export interface IntakeOptions<T> {
  /** How many events may wait. Not for `'pause'`, where the gate says. Default: 1,000. */
  readonly buffer?: number
  /**
   * What happens when one more would have to wait: `'pause'` lets the gate hold the source back, `'drop-oldest'` and
   * `'drop-newest'` drop one, `'fail'` errors the stream. Default: `'pause'` with a gate, `'fail'` without.
   */
  readonly overflow?: 'pause' | 'drop-oldest' | 'drop-newest' | 'fail'
  /** Counts each event from its arrival until it has been handled. The source's reader has to have the same one. */
  readonly gate?: FlowGate
  /** Where dropped events go. */
  readonly onDropped?: SideOutput<T>
}

/** What `overflow: 'fail'` errors the stream with. */
export class BufferOverflowError extends Error {
  override readonly name = 'BufferOverflowError'
  readonly buffer: number

  constructor(operator: string, buffer: number) {
    super(
      `${operator}: more than ${buffer} events wait. Handle them faster, give it a gate, or let it drop some`,
    )
    this.buffer = buffer
  }
}

/** The options, checked and with their defaults. */
export interface IntakeConfig<T> {
  readonly operator: string
  readonly buffer: number
  readonly overflow: 'pause' | 'drop-oldest' | 'drop-newest' | 'fail'
  readonly gate: FlowGate | undefined
  readonly onDropped: ((event: T) => void) | undefined
}

export function intakeConfig<T>(operator: string, options: IntakeOptions<T>): IntakeConfig<T> {
  const { gate, buffer, overflow = gate === undefined ? 'fail' : 'pause' } = options
  if (!['pause', 'drop-oldest', 'drop-newest', 'fail'].includes(overflow)) {
    throw new TypeError(
      `${operator}: overflow must be 'pause', 'drop-oldest', 'drop-newest' or 'fail', not ${shapeOf(overflow)}`,
    )
  }
  if (gate !== undefined && (typeof gate.acquire !== 'function' || typeof gate.release !== 'function')) {
    throw new TypeError(`${operator}: gate must have acquire() and release(), not be ${shapeOf(gate)}`)
  }
  if (overflow === 'pause' && gate === undefined) {
    throw new TypeError(`${operator}: overflow 'pause' needs a gate, and the source's reader the same one`)
  }
  if (overflow === 'pause' && buffer !== undefined) {
    throw new TypeError(`${operator}: with overflow 'pause' the gate bounds what waits; leave buffer out`)
  }
  if (buffer !== undefined && !(buffer >= 0)) {
    throw new RangeError(`${operator}: buffer must be 0 or more, not ${shapeOf(buffer)}`)
  }
  return {
    operator,
    buffer: overflow === 'pause' ? Number.POSITIVE_INFINITY : (buffer ?? 1000),
    overflow,
    gate,
    onDropped: toSideOutput(`${operator}: onDropped`, options.onDropped),
  }
}

/** An event that waits or is being handled. */
export interface Task<T> {
  readonly event: T
  readonly ticket: number | undefined
}

/** Where events wait until the operator has hands free for them, and where they are accounted for when it is done with them. */
export class Intake<T> {
  readonly #config: IntakeConfig<T>
  readonly #stage: StageContext<unknown>
  readonly #ledger: Ledger
  #waiting: Task<T>[] = []
  #head = 0
  #unreleased = 0

  constructor(config: IntakeConfig<T>, stage: StageContext<unknown>) {
    this.#config = config
    this.#stage = stage
    this.#ledger = stage.ledger
    // What is under way when the stream ends is nobody's any more, and a gate may outlive the stream.
    stage.out.add(() => {
      if (this.#unreleased > 0) config.gate?.release(this.#unreleased)
    })
  }

  get size(): number {
    return this.#waiting.length - this.#head
  }

  /** Takes an event in. `isFree`: somebody will take it at once, so it does not wait. */
  offer(event: T, isFree: boolean): void {
    this.#config.gate?.acquire(1)
    this.#unreleased++
    this.#waiting.push({ event, ticket: this.#ledger.tracker?.arrived(event) })
    if (isFree || this.size <= this.#config.buffer) return
    // There is one at least: the one that has just come.
    if (this.#config.overflow === 'drop-oldest') this.#drop(this.take() as Task<T>)
    else if (this.#config.overflow === 'drop-newest') this.#drop(this.#waiting.pop() as Task<T>)
    else this.#stage.out.error(new BufferOverflowError(this.#config.operator, this.#config.buffer))
  }

  peek(): T | undefined {
    return this.#waiting[this.#head]?.event
  }

  take(): Task<T> | undefined {
    const task = this.#waiting[this.#head]
    if (task === undefined) return undefined
    this.#head++
    if (this.#head >= 64 && this.#head * 2 >= this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#head)
      this.#head = 0
    }
    return task
  }

  /** The operator is done with it, well or not. */
  settle(task: Task<T>, as: 'out' | 'rejected' | 'dropped'): void {
    this.#ledger[as]++
    this.#unreleased--
    this.#config.gate?.release(1)
    if (task.ticket !== undefined) this.#ledger.tracker?.handled(task.ticket)
  }

  #drop(task: Task<T>): void {
    this.settle(task, 'dropped')
    this.#config.onDropped?.(task.event)
  }
}
