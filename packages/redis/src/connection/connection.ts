import { ClientClosedError, ClientOfflineError, createClient } from 'redis'
import type { Faults } from './faults.ts'
import type { RedisLogClient } from './redis-log-options.ts'

/** What became of a command that Redis did not carry out. */
export type Failure = {
  readonly error: unknown
  /**
   * - `unsent`: there was no connection.
   * - `cut`: the connection was lost, or Redis was in no state to answer; it may have been carried out.
   * - `refused`: Redis answered with an error.
   */
  readonly how: 'unsent' | 'cut' | 'refused'
}

export type Attempt<T> = { readonly answer: T } | { readonly failure: Failure }

/** One connection to Redis, opened at once and again whenever it is lost. */
export class Connection {
  readonly #client: RedisLogClient
  readonly #faults: Faults
  #connecting: Promise<unknown> | undefined
  #closed = false

  constructor(settings: RedisLogClient, faults: Faults) {
    // Commands wait here, where their time is counted, not in the client.
    this.#client = settings.duplicate({ disableOfflineQueue: true })
    this.#faults = faults
    this.#client.on('error', (error) => this.#report(error))
    // A client that is closed while it opens a socket has it all the same, some time later.
    this.#client.on('ready', () => {
      if (this.#closed) this.#client.destroy()
    })
    this.#connect()
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Tries once. */
  async try<T>(command: (client: RedisLogClient) => Promise<T>): Promise<Attempt<T>> {
    this.#connect()
    try {
      const answer = await command(this.#client)
      this.#faults.answered()
      return { answer }
    } catch (error) {
      return { failure: { error, how: howItFailed(error) } }
    }
  }

  close(): void {
    this.#closed = true
    this.#client.destroy()
  }

  /** A client that was told not to reconnect, or whose cluster was not there, has to be opened again. */
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
    if (!this.#closed) this.#faults.report(error)
  }
}

/** Where Redis is: a url, or a client to take the settings of. */
export interface Whereabouts {
  readonly url?: string | undefined
  readonly client?: RedisLogClient | undefined
}

/** The client whose settings every connection has; `who` names the function whose options these are. */
export function clientOf({ url, client }: Whereabouts, who: string): RedisLogClient {
  if (client !== undefined) {
    if (url === undefined) return client
    throw new TypeError(`${who}: both url and client are given; give one`)
  }
  if (typeof url !== 'string') throw new TypeError(`${who}: url is ${typeof url}; ${URL_SHAPE}`)
  if (!/^rediss?:\/\//.test(url) || !URL.canParse(url)) throw badUrl(who)
  try {
    return createClient({
      url,
      pingInterval: QUIET,
      socket: {
        connectTimeout: SILENT,
        // A connection whose other end has vanished without a word is known by the ping that is not answered.
        socketTimeout: SILENT,
        reconnectStrategy: (retries) => Math.min(20 * 2 ** retries, 500) * (1 + Math.random()),
      },
    })
  } catch {
    // The error of the client quotes the url.
    throw badUrl(who)
  }
}

/** After how many milliseconds a connection without traffic is tried, and after how many it is given up. */
export const QUIET = 3_000
const SILENT = 10_000

const URL_SHAPE = 'it must be like redis://user:password@host:6379/0, or rediss://… for TLS'

function badUrl(who: string): TypeError {
  return new TypeError(
    `${who}: url cannot be read (it is not shown, as it may hold a password); ${URL_SHAPE}`,
  )
}

function howItFailed(error: unknown): Failure['how'] {
  if (error instanceof ClientOfflineError || error instanceof ClientClosedError) return 'unsent'
  // An answer begins with a code in capitals; everything else is the connection's.
  const [, code] = /^\w*Error: ([A-Z]{2,})/.exec(String(error)) ?? []
  if (code === undefined) return 'cut'
  return PASSING.has(code) ? 'cut' : 'refused'
}

/** Answers of a server that will soon be able to, or of one that is the master no more. */
const PASSING = new Set([
  'LOADING',
  'READONLY',
  'MASTERDOWN',
  'CLUSTERDOWN',
  'TRYAGAIN',
  'MOVED',
  'ASK',
  'BUSY',
])
