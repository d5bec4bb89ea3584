import { ClientClosedError, ClientOfflineError } from 'redis'
import { PING_INTERVAL, SILENCE_LIMIT } from './connection-options.ts'
import type { OutageReporter } from './outage-reporter.ts'
import type { RedisClient } from './redis-client.ts'
import { RedisError } from './redis-error.ts'

/** Why Redis did not carry out a command. */
export interface Failure {
  readonly error: unknown
  /**
   * - `unsent`: there was no connection.
   * - `interrupted`: the connection was lost, or Redis could not answer yet. The command may have been carried out.
   * - `refused`: Redis answered with an error, or with something that this version does not understand.
   */
  readonly kind: 'unsent' | 'interrupted' | 'refused'
}

export type Outcome<T> = { readonly answer: T } | { readonly failure: Failure }

/**
 * One connection to Redis. It connects at once, and again whenever the connection is lost, has been silent for too long, or
 * leads to a server that is no master any more.
 */
export class Connection {
  readonly #client: RedisClient
  readonly #outages: OutageReporter
  #connecting: Promise<unknown> | undefined
  #closed = false
  /** Commands without an answer. */
  #waiting = 0
  /** Runs while a command waits, and begins again with each answer. */
  #silence: NodeJS.Timeout | undefined

  constructor(client: RedisClient, outages: OutageReporter) {
    this.#client = client.duplicate({
      // A command that waits for Redis waits here, where its time is counted.
      disableOfflineQueue: true,
      // The types of the answers are not those that the user's own commands may have.
      commandOptions: {},
    })
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

  /** Milliseconds that a command may let Redis wait with its answer. */
  get patience(): number {
    const { socketTimeout }: { socketTimeout?: unknown } = Object(this.#client.options?.socket)
    return typeof socketTimeout === 'number' ? Math.min(PING_INTERVAL, socketTimeout / 2) : PING_INTERVAL
  }

  /** Runs a command once, and reads its answer. Never rejects. */
  async try<T>(command: (client: RedisClient) => Promise<T>): Promise<Outcome<T>> {
    this.#connect()
    this.#waiting++
    this.#silence ??= this.#watch()
    try {
      const answer = await command(this.#client)
      this.#settle(true)
      this.#outages.recover()
      return { answer }
    } catch (error) {
      const code = findReplyCode(error)
      this.#settle(code !== undefined)
      // The name of the server, or whatever leads to it, may lead to the new master by now.
      if (code === 'READONLY') this.#reconnect()
      return { failure: { error, kind: classifyError(error, code) } }
    }
  }

  /** Reports a failure that no call waits for. The client itself has reported that there is no connection. */
  reportFailure({ error, kind }: Failure): void {
    if (kind !== 'unsent') this.#report(error)
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#silence)
    this.#client.destroy()
  }

  #settle(isAnswered: boolean): void {
    this.#waiting--
    if (!isAnswered) return
    clearTimeout(this.#silence)
    this.#silence = this.#waiting > 0 ? this.#watch() : undefined
  }

  /** A client may not notice that the other end has vanished. */
  #watch(): NodeJS.Timeout | undefined {
    if (this.#closed) return undefined
    const timer = setTimeout(() => {
      // If this process was stopped, what has arrived meanwhile is read first.
      setImmediate(() => {
        if (this.#silence !== timer) return
        this.#silence = undefined
        this.#report(new Error(`Redis has not answered for ${SILENCE_LIMIT} ms`))
        this.#reconnect()
      })
    }, SILENCE_LIMIT)
    return timer.unref()
  }

  /** Opens the client again if it does not reconnect by itself, or if its cluster could not be reached. */
  #connect(): void {
    if (!this.#client.isOpen) this.#open(async () => {})
  }

  /** Leaves this connection for a new one. A client that is still connecting fails, and is opened by the next command. */
  #reconnect(): void {
    if (this.#closed) return
    const destroyed = Promise.resolve(this.#client.destroy())
    this.#open(() => destroyed)
  }

  #open(before: () => Promise<unknown>): void {
    if (this.#closed || this.#connecting !== undefined) return
    const open = async () => {
      await before()
      if (!this.#closed) await this.#client.connect()
    }
    this.#connecting = open()
      .catch((error: unknown) => this.#report(error))
      .finally(() => {
        this.#connecting = undefined
      })
  }

  #report(error: unknown): void {
    if (!this.#closed) this.#outages.reportOutage(error)
  }
}

/** An error reply of Redis begins with a code in capitals. Any other error comes from the connection or from this process. */
function findReplyCode(error: unknown): string | undefined {
  const [, code] = /^\w*Error: ([A-Z]{2,})/.exec(String(error)) ?? []
  return code
}

function classifyError(error: unknown, code: string | undefined): Failure['kind'] {
  if (error instanceof ClientOfflineError || error instanceof ClientClosedError) return 'unsent'
  if (code !== undefined) return TEMPORARY_ERRORS.test(code) ? 'interrupted' : 'refused'
  return error instanceof RedisError ? 'refused' : 'interrupted'
}

/** Reads an answer inside `Connection.try`. One that cannot be read would be the same if Redis were asked again. */
export function readAnswer<T>(read: () => T): T {
  try {
    return read()
  } catch (cause) {
    throw new RedisError('refused', 'Redis answered with something unknown', { cause })
  }
}

/** Error codes of a server that will answer soon, or that is no longer the master. */
const TEMPORARY_ERRORS =
  /^(?:LOADING|READONLY|MASTERDOWN|NOREPLICAS|CLUSTERDOWN|TRYAGAIN|MOVED|ASK|BUSY|UNBLOCKED)$/
