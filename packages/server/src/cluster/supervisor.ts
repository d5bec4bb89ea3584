import type { Cluster, Worker } from 'node:cluster'
import type { Cancel, Clock } from '../connection/clock.ts'
import { endedEarly, RestartBackoff } from './restart-backoff.ts'

export interface SupervisorOptions {
  readonly cluster: Pick<Cluster, 'on' | 'off' | 'fork'>
  readonly workers: number
  /** Names the channel that orders and answers go over. */
  readonly channel: string
  /** The longest delay before a worker that ended early is replaced, in milliseconds. */
  readonly maxDelay: number
  readonly clock: Clock
  /** Gets what went wrong with the processes: one that ended, or that there can be no more of them. */
  readonly onError: (error: unknown) => void
}

/** What the primary asks a worker. A worker answers with the same channel and number. */
export interface Order {
  readonly rxsse: string
  readonly n: number
  readonly [field: string]: unknown
}

/** Forks workers and replaces those that end. Other workers of the program are not its own. */
export class Supervisor {
  readonly #options: SupervisorOptions
  readonly #backoff: RestartBackoff
  readonly #workers = new Set<Worker>()
  /** Workers that listen, and so take orders, and since when. */
  readonly #serving = new Map<Worker, number>()
  /** The environment of the workers, beside that of the primary. */
  #env: Readonly<Record<string, string>> = {}
  #orders = 0
  #restarts = 0
  #cancelRestart: Cancel | undefined
  #closed = false
  /** Hears of each worker that has ended, or could not be started. */
  #onEnd: (worker: Worker | undefined, reason: unknown, served: number) => void = () => {}

  constructor(options: SupervisorOptions) {
    this.#options = options
    this.#backoff = new RestartBackoff(options.maxDelay)
    options.cluster.on('message', this.#onMessage)
    options.cluster.on('exit', this.#onExit)
  }

  /** How many workers have been started in place of others. */
  get restarts(): number {
    return this.#restarts
  }

  /** Resolves to the port when all workers listen. Rejects if one ends before; the others are ended then. */
  async start(env: Readonly<Record<string, string>>): Promise<number> {
    this.#env = env
    try {
      return await this.#startAll()
    } catch (error) {
      await this.close(undefined, PATIENCE_MS)
      throw error
    }
  }

  /** Asks every worker that listens. The answer of one that dies or hangs is undefined. */
  askAll(order: object): Promise<unknown[]> {
    const connected = [...this.#serving.keys()].filter((worker) => worker.isConnected())
    return Promise.all(connected.map((worker) => this.#ask(worker, order)))
  }

  /**
   * Sends `order` and waits for the workers to exit. Those that do not take it get SIGTERM, as all do
   * without one. After `patience` milliseconds they are killed.
   */
  async close(order: object | undefined, patience: number): Promise<void> {
    this.#closed = true
    this.#cancelRestart?.()
    // A process that could not be started has no exit.
    const started = [...this.#workers].filter((worker) => worker.process.pid !== undefined)
    const exits = started.map(async (worker) => {
      const exit = new Promise((resolve) => worker.once('exit', resolve))
      if (order !== undefined && this.#serving.has(worker) && worker.isConnected()) this.#send(worker, order)
      else worker.process.kill()
      const cancel = this.#options.clock.after(patience, () => worker.process.kill('SIGKILL'))
      await exit
      cancel()
    })
    await Promise.all(exits)
    this.#options.cluster.off('message', this.#onMessage)
    this.#options.cluster.off('exit', this.#onExit)
  }

  #startAll(): Promise<number> {
    const { clock, workers, onError } = this.#options
    return new Promise((resolve, reject) => {
      // A program whose workers do something else would wait without a word.
      const cancelHint = clock.after(HINT_MS, () => {
        const silent = workers - this.#serving.size
        const text = `${silent} of ${workers} workers do not listen after ${HINT_MS} ms`
        onError(new Error(`serveSinks: ${text}; every worker has to come to this call, too`))
      })
      const ready = (worker: Worker, message: unknown) => {
        const port = this.#portOf(message)
        if (port === undefined || !this.#workers.has(worker)) return
        if (this.#serving.size < workers) return
        cancelHint()
        this.#options.cluster.off('message', ready)
        this.#onEnd = (...end) => this.#replace(...end)
        resolve(port)
      }
      this.#onEnd = (_, reason) => {
        cancelHint()
        this.#options.cluster.off('message', ready)
        this.#onEnd = () => {}
        reject(new Error(`serveSinks: a worker ended with ${reason} before it listened`))
      }
      this.#options.cluster.on('message', ready)
      this.#fork()
    })
  }

  readonly #onMessage = (worker: Worker, message: unknown): void => {
    if (this.#portOf(message) === undefined || !this.#workers.has(worker)) return
    if (!this.#serving.has(worker)) this.#serving.set(worker, this.#options.clock.now())
  }

  readonly #onExit = (worker: Worker, code: number | null, signal: string | null): void => {
    this.#ended(worker, signal ?? code)
  }

  #ended(worker: Worker, reason: unknown): void {
    if (!this.#workers.delete(worker)) return
    const since = this.#serving.get(worker)
    this.#serving.delete(worker)
    this.#onEnd(worker, reason, since === undefined ? 0 : this.#options.clock.now() - since)
  }

  /** Replaces a worker at once, but with growing delays while workers end early. */
  #replace(worker: Worker | undefined, reason: unknown, served: number): void {
    const { clock, onError } = this.#options
    if (this.#closed) return
    // Those that end together are replaced together, and count as one failure.
    if (this.#cancelRestart === undefined || !endedEarly(served)) {
      this.#cancelRestart?.()
      this.#cancelRestart = clock.after(this.#backoff.next(served), () => {
        this.#cancelRestart = undefined
        this.#restarts += this.#fork()
      })
    }
    // The program has told a worker to go, or the error was reported.
    if (worker?.process.pid === undefined || worker.exitedAfterDisconnect) return
    onError(new Error(`serveSinks: the worker ${worker.process.pid} ended with ${reason}; it is replaced`))
  }

  /** Returns how many processes were made. */
  #fork(): number {
    const { cluster, workers } = this.#options
    const missing = workers - this.#workers.size
    for (let n = 0; n < missing; n++) {
      try {
        const worker = cluster.fork(this.#env)
        this.#workers.add(worker)
        // Each question listens until it is answered.
        worker.setMaxListeners(0)
        // Without a listener, the error would end the primary.
        worker.on('error', (error) => this.#onError(worker, error))
      } catch (error) {
        this.#options.onError(error)
        this.#onEnd(undefined, error, 0)
        return n
      }
    }
    return Math.max(0, missing)
  }

  #onError(worker: Worker, error: unknown): void {
    this.#options.onError(error)
    if (worker.process.pid === undefined) this.#ended(worker, error)
  }

  #ask(worker: Worker, order: object): Promise<unknown> {
    return new Promise((resolve) => {
      const n = this.#send(worker, order)
      const done = (answer: unknown) => {
        cancel()
        worker.off('message', onMessage)
        worker.off('disconnect', onLeave)
        worker.off('exit', onLeave)
        resolve(answer)
      }
      const cancel = this.#options.clock.after(ANSWER_MS, () => {
        const text = `the worker ${worker.process.pid} did not answer within ${ANSWER_MS} ms, so its counts are missing`
        this.#options.onError(new Error(`serveSinks: stats: ${text}`))
        done(undefined)
      })
      const onMessage = (message: unknown) => {
        const answer = Object(message) as Partial<Order>
        if (answer.rxsse === this.#options.channel && answer.n === n) done(answer)
      }
      const onLeave = () => done(undefined)
      worker.on('message', onMessage)
      // Node tells of a killed worker by both, in either order, or by 'exit' alone.
      worker.on('disconnect', onLeave)
      worker.on('exit', onLeave)
    })
  }

  #send(worker: Worker, order: object): number {
    const n = ++this.#orders
    const message: Order = { rxsse: this.#options.channel, n, ...order }
    if (worker.isConnected()) worker.send(message, undefined, () => {})
    return n
  }

  /** The port that a worker says it listens on. */
  #portOf(message: unknown): number | undefined {
    const { rxsse, port } = Object(message) as { rxsse?: unknown; port?: unknown }
    return rxsse === this.#options.channel && typeof port === 'number' ? port : undefined
  }
}

const ANSWER_MS = 5_000
const HINT_MS = 10_000
/** What the other workers may take to end if one could not start. */
const PATIENCE_MS = 2_000
