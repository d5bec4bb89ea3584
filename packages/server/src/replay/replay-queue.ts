import { isPromise, type MaybePromise } from '@rxsse/shared'
import type { Clock } from '../connection/clock.ts'
import { runAtEndOfTick } from '../connection/end-of-tick.ts'
import { SinkError } from '../sink/errors.ts'

/** One read of a log, and what is done with its result. */
export interface ReplayStep<Page> {
  read(): MaybePromise<Page>
  /** Called in a turn that has time left. */
  use(page: Page): void
  /** Called if one of them throws, or the read rejects. It must not throw. */
  fail(error: unknown): void
}

/**
 * The reads of all resuming connections, in turns. Each turn of the event loop works on them for a
 * few milliseconds at most, so live events, heartbeats and new requests go between. A connection
 * that adds its next step goes to the end of the queue.
 */
export class ReplayQueue {
  readonly #reads = new Set<Task>()
  /** Tasks whose page has been read. They go first, because they hold memory. */
  readonly #pages = new Set<Task>()
  #reading = 0
  /** Milliseconds that this turn of the event loop has spent here. */
  #spent = 0
  #running = false
  #scheduled = false
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Does a step when it is its turn: at once, if there is time. Returns a function to cancel it. */
  add<Page>({ read, use, fail }: ReplayStep<Page>): () => void {
    const task: Task = {
      fail,
      cancelled: false,
      run: () => {
        const page = read()
        if (isPromise(page)) this.#await(task, page, use)
        else use(page)
      },
    }
    this.#enter(this.#reads, task)
    return () => {
      task.cancelled = true
      this.#reads.delete(task)
      this.#pages.delete(task)
    }
  }

  #await<Page>(task: Task, page: Promise<Page>, use: (page: Page) => void): void {
    let isReading = true
    const settle = (then: () => void) => {
      if (!isReading) return
      isReading = false
      cancelTimeout()
      this.#reading--
      if (!task.cancelled) then()
      this.#schedule()
    }
    this.#reading++
    const cancelTimeout = this.#clock.after(READ_TIMEOUT_MS, () => {
      settle(() => task.fail(new SinkError('log', 'the event log has not answered for 30 seconds')))
    })
    page.then(
      (ready) =>
        settle(() => {
          task.run = () => use(ready)
          this.#enter(this.#pages, task)
        }),
      (error: unknown) => settle(() => task.fail(error)),
    )
  }

  #enter(queue: Set<Task>, task: Task): void {
    queue.add(task)
    if (!this.#running && this.#spent < TURN_MS) this.#turn()
    else this.#schedule()
  }

  #turn(): void {
    this.#running = true
    const start = performance.now() - this.#spent
    for (let task = this.#take(); task !== undefined; task = this.#take()) {
      try {
        task.run()
      } catch (error) {
        task.fail(error)
      }
      this.#spent = performance.now() - start
      if (this.#spent >= TURN_MS) break
    }
    this.#running = false
    this.#schedule()
  }

  #take(): Task | undefined {
    const queue = this.#next()
    for (const task of queue) {
      queue.delete(task)
      return task
    }
    return undefined
  }

  #next(): Set<Task> {
    if (this.#pages.size > 0) return this.#pages
    return this.#reading < MAX_READS ? this.#reads : NONE
  }

  /** The next turn comes after everything that is ready now. */
  #schedule(): void {
    if (this.#scheduled || this.#running || (this.#spent === 0 && this.#next().size === 0)) return
    this.#scheduled = true
    runAtEndOfTick(() => {
      this.#scheduled = false
      this.#spent = 0
      this.#turn()
    })
  }
}

interface Task {
  run: () => void
  readonly fail: (error: unknown) => void
  cancelled: boolean
}

const NONE: Set<Task> = new Set()

/** The time for replays in one turn of the event loop. The last step may exceed it. */
const TURN_MS = 4

/** A log that never answers must not hold its readers, and the places of all others, for ever. */
const READ_TIMEOUT_MS = 30_000

/** Reads of an asynchronous log that run at once. Each may hold a page in memory. */
const MAX_READS = 16
