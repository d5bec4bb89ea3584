import type { Lease, LeaseRequest, SnapshotStore } from '@rxsse/shared'
import { defer, type ObservableInput, type Subscriber } from 'rxjs'
import type { Clock } from '../stage/clock.ts'
import { InnerSubscriber } from '../stage/inner-subscriber.ts'
import { Timer } from '../stage/timer.ts'
import type { Shard } from './shard.ts'

export interface AssignmentOptions<R> {
  readonly shard: Shard
  readonly store: SnapshotStore
  readonly clock: Clock
  readonly pipeline: (shard: Shard) => ObservableInput<R>
  /** Resolves if the job may run. */
  readonly check: () => Promise<void>
  readonly onComplete: () => void
  readonly onError: (error: unknown) => void
}

/** Runs the pipeline of a shard whenever this process has the right to. */
export class ShardAssignment<R> {
  readonly #options: AssignmentOptions<R>
  readonly #out: Subscriber<R>
  #request: LeaseRequest | undefined
  #turn: Turn<R> | undefined
  #isOver = false

  constructor(out: Subscriber<R>, options: AssignmentOptions<R>) {
    this.#options = options
    this.#out = out
  }

  start(): void {
    const { store } = this.#options
    if (store.acquire === undefined) {
      void this.#begin(undefined)
      return
    }
    try {
      const request = store.acquire()
      this.#request = request
      request.granted.then((lease) => this.#begin(lease), this.#options.onError)
    } catch (error) {
      this.#options.onError(error)
    }
  }

  stop(): void {
    this.#isOver = true
    this.#request?.cancel()
    void this.#end(this.#turn)
  }

  async #begin(lease: Lease | undefined): Promise<void> {
    const turn: Turn<R> = { lease, subscriber: undefined }
    this.#request = undefined
    if (this.#isOver) {
      await release(lease)
      return
    }
    this.#turn = turn
    lease?.onLost(() => this.#repeat(turn))
    try {
      await this.#options.check()
    } catch (error) {
      if (this.#turn === turn) this.#options.onError(error)
      return
    }
    if (this.#turn !== turn) return
    const { pipeline, shard } = this.#options
    const subscriber = new InnerSubscriber<R>(this.#out, {
      next: (value) => this.#out.next(value),
      error: this.#options.onError,
      complete: () => {
        this.#isOver = true
        void this.#end(turn)
        this.#options.onComplete()
      },
    })
    turn.subscriber = subscriber
    defer(() => pipeline(shard)).subscribe(subscriber)
    lease?.onWanted?.(() => this.#handOver(turn))
  }

  /** Gives the shard to another process, which then has to repeat nothing. */
  #handOver(turn: Turn<R>): void {
    const { clock, shard } = this.#options
    const leave = () => {
      late.clear()
      this.#repeat(turn)
    }
    const late = new Timer(clock, leave)
    late.set(clock.now() + LAST_SNAPSHOT)
    shard.snapshot().then(leave, leave)
  }

  /** Ends the turn, and asks for another one. */
  #repeat(turn: Turn<R>): void {
    if (this.#turn !== turn) return
    const ended = this.#end(turn)
    void ended.then(() => {
      if (!this.#isOver) this.start()
    })
  }

  async #end(turn: Turn<R> | undefined): Promise<void> {
    this.#turn = undefined
    turn?.subscriber?.unsubscribe()
    await release(turn?.lease)
  }
}

/** From the moment when this process gets the right to run the shard until it loses or returns it. */
interface Turn<R> {
  readonly lease: Lease | undefined
  subscriber: InnerSubscriber<R> | undefined
}

/** A lease that cannot be given back ends by itself. */
async function release(lease: Lease | undefined): Promise<void> {
  try {
    await lease?.release()
  } catch {}
}

/** How long the last snapshot of a shard may take. Without it, the next process repeats what came since the one before. */
const LAST_SNAPSHOT = 10_000
