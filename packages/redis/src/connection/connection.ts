import { ClientClosedError, ClientOfflineError } from 'redis'
import type { OutageReporter } from './outage-reporter.ts'
import type { RedisClient } from './redis-client.ts'

/** Why Redis did not carry out a command. */
export interface Failure {
  readonly error: unknown
  /**
   * - `unsent`: there was no connection.
   * - `interrupted`: the connection was lost, or Redis could not answer yet. The command may have been carried out.
   * - `refused`: Redis answered with an error.
   */
  readonly kind: 'unsent' | 'interrupted' | 'refused'
}

export type Outcome<T> = { readonly answer: T } | { readonly failure: Failure }

/** One connection to Redis. It connects at once, and again whenever the connection is lost. */
export class Connection {
  readonly #client: RedisClient
  readonly #outages: OutageReporter
  #connecting: Promise<unknown> | undefined
  #closed = false

  constructor(client: RedisClient, outages: OutageReporter) {
    // Without the client's offline queue, a command that waits for Redis waits here, where its time is counted.
    this.#client = client.duplicate({ disableOfflineQueue: true })
    this.#outages = outages
    this.#client.on('error', (error) => this.#report(error))
    // If the client is destroyed while its socket opens, it connects all the same, a little later.
    this.#client.on('ready', () => {
      if (this.#closed) this.#client.destroy()
    })
    this.#connect()
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Runs a command once. Never rejects. */
  async try<T>(command: (client: RedisClient) => Promise<T>): Promise<Outcome<T>> {
    this.#connect()
    try {
      const answer = await command(this.#client)
      this.#outages.recover()
      return { answer }
    } catch (error) {
      return { failure: { error, kind: classifyError(error) } }
    }
  }

  /** Reports a failure that no call waits for. The client itself has reported that there is no connection. */
  reportFailure({ error, kind }: Failure): void {
    if (kind !== 'unsent') this.#report(error)
  }

  close(): void {
    this.#closed = true
    this.#client.destroy()
  }

  /** Opens the client again if it does not reconnect by itself, or if its cluster could not be reached. */
  #connect(): void {
    if (this.#closed || this.#connecting !== undefined || this.#client.isOpen) return
    this.#connecting = this.#client
      .connect()
      .catch((error: unknown) => this.#report(error))
      .finally(() => {
        this.#connecting = undefined
      })
  }

  #report(error: unknown): void {
    if (!this.#closed) this.#outages.reportOutage(error)
  }
}

function classifyError(error: unknown): Failure['kind'] {
  if (error instanceof ClientOfflineError || error instanceof ClientClosedError) return 'unsent'
  // An error reply of Redis begins with a code in capitals. Any other error comes from the connection.
  const [, code] = /^\w*Error: ([A-Z]{2,})/.exec(String(error)) ?? []
  if (code === undefined) return 'interrupted'
  return TEMPORARY_ERRORS.test(code) ? 'interrupted' : 'refused'
}

/** Error codes of a server that will answer soon, or that is no longer the master. */
const TEMPORARY_ERRORS = /^(?:LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|MOVED|ASK|BUSY)$/
