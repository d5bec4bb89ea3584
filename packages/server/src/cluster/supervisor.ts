import cluster, { type Worker } from 'node:cluster'

export interface SupervisorOptions {
  readonly workers: number
  /** Names the channel that orders and answers go over. */
  readonly channel: string
  /** The environment of the workers, beside that of the primary. */
  readonly env: Readonly<Record<string, string>>
  /** Gets what went wrong with the processes, such as that there can be no more of them. */
  readonly onError: (error: unknown) => void
}

/** What the primary asks a worker. A worker answers with the same channel and number. */
export interface Order {
  readonly rxsse: string
  readonly n: number
  readonly [field: string]: unknown
}

/** Forks workers and replaces those that die. */
export class Supervisor {
  readonly #options: SupervisorOptions
  /** Workers that listen, and so take orders. */
  readonly #serving = new Set<Worker>()
  readonly #served = new WeakSet<Worker>()
  /** How many workers in a row have died before they listened. */
  #failures = 0
  #orders = 0
  #closed = false
  /** Hears of each worker that has ended, or could not be started. */
  #onEnd: (worker: Worker | undefined, reason: unknown) => void = () => {}

  constructor(options: SupervisorOptions) {
    this.#options = options
    cluster.on('message', this.#onMessage)
    // Node tells of a killed worker by both, in either order, or by 'exit' alone.
    cluster.on('disconnect', this.#onLeave)
    cluster.on('exit', this.#onExit)
  }

  /** Resolves to the port when all workers listen; rejects if one ends before. */
  start(): Promise<number> {
    return new Promise((resolve, reject) => {
      const waiting = new Set<Worker>()
      const onMessage = (worker: Worker, message: unknown) => {
        const port = this.#portOf(message)
        if (port === undefined) return
        waiting.delete(worker)
        if (waiting.size > 0) return
        cluster.off('message', onMessage)
        this.#onEnd = (ended) => this.#replace(ended)
        resolve(port)
      }
      this.#onEnd = (worker, reason) => {
        if (worker !== undefined && !waiting.has(worker)) return
        cluster.off('message', onMessage)
        this.#onEnd = () => {}
        for (const other of listWorkers()) other.process.kill()
        reject(new Error(`serveSinks: a worker ended with ${reason} before it listened`))
      }
      cluster.on('message', onMessage)
      for (const worker of [...listWorkers(), ...this.#fork()]) waiting.add(worker)
    })
  }

  /** Asks every worker that listens. The answer of one that dies is undefined. */
  askAll(order: object): Promise<unknown[]> {
    return Promise.all([...this.#serving].map((worker) => this.#ask(worker, order)))
  }

  /** Sends `order` and waits for the workers to exit. After `patience` milliseconds they are killed. */
  async close(order: object, patience: number): Promise<void> {
    this.#closed = true
    const exits = listWorkers().map((worker) => {
      const exit = new Promise((resolve) => worker.once('exit', resolve))
      if (this.#serving.has(worker)) this.#send(worker, order)
      else worker.process.kill()
      const timer = setTimeout(() => worker.process.kill('SIGKILL'), patience)
      return exit.then(() => clearTimeout(timer))
    })
    await Promise.all(exits)
    cluster.off('message', this.#onMessage)
    cluster.off('disconnect', this.#onLeave)
    cluster.off('exit', this.#onExit)
  }

  readonly #onMessage = (worker: Worker, message: unknown): void => {
    if (this.#portOf(message) === undefined || worker.isDead()) return
    this.#serving.add(worker)
    this.#served.add(worker)
  }

  readonly #onLeave = (worker: Worker): void => {
    this.#serving.delete(worker)
  }

  readonly #onExit = (worker: Worker, code: number | null, signal: string | null): void => {
    this.#onLeave(worker)
    this.#onEnd(worker, signal ?? code)
  }

  /** Replaces a worker at once, but with growing waits while workers end before they listen. */
  #replace(worker: Worker | undefined): void {
    if (this.#closed) return
    this.#failures = worker !== undefined && this.#served.has(worker) ? 0 : this.#failures + 1
    const wait = this.#failures === 0 ? 0 : Math.min(FIRST_WAIT_MS * 2 ** this.#failures, LONGEST_WAIT_MS)
    setTimeout(() => {
      if (!this.#closed) this.#fork()
    }, wait)
  }

  #fork(): Worker[] {
    const missing = Math.max(0, this.#options.workers - listWorkers().length)
    const workers: Worker[] = []
    for (let n = 0; n < missing; n++) {
      try {
        const worker = cluster.fork(this.#options.env)
        workers.push(worker)
        // Without a listener, the error would end the primary. A process that could not be started has no exit.
        worker.on('error', (error) => this.#onError(worker, error))
      } catch (error) {
        // After `start` has its other workers.
        setImmediate(() => this.#onError(undefined, error))
        break
      }
    }
    return workers
  }

  #onError(worker: Worker | undefined, error: unknown): void {
    this.#options.onError(error)
    if (worker?.process.pid === undefined) this.#onEnd(worker, error)
  }

  #ask(worker: Worker, order: object): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const n = this.#send(worker, order)
      const done = (answer: unknown) => {
        clearTimeout(timer)
        worker.off('message', onMessage)
        worker.off('disconnect', onLeave)
        worker.off('exit', onLeave)
        resolve(answer)
      }
      const timer = setTimeout(() => {
        reject(new Error(`serveSinks: a worker did not answer within ${ANSWER_MS} ms`))
        done(undefined)
      }, ANSWER_MS)
      const onMessage = (message: unknown) => {
        const answer = Object(message) as Partial<Order>
        if (answer.rxsse === this.#options.channel && answer.n === n) done(answer)
      }
      const onLeave = () => done(undefined)
      worker.on('message', onMessage)
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

const FIRST_WAIT_MS = 50
const LONGEST_WAIT_MS = 30_000
const ANSWER_MS = 5_000

function listWorkers(): Worker[] {
  return Object.values(cluster.workers ?? {}).flatMap((worker) =>
    worker === undefined || worker.isDead() ? [] : [worker],
  )
}
