import { type Duration, optionError, parsePositiveTimeout } from '@rxsse/shared'
import { createClient } from 'redis'
import { asyncScheduler, type SchedulerLike } from 'rxjs'
import { backoffDelay } from './backoff.ts'
import type { RedisClient } from './redis-client.ts'

/** The options that `redisLog`, `redisStore` and `redisPresence` share. Give either `url` or `client`. */
export interface ConnectionOptions {
  /** The address of Redis: `redis://user:password@host:6379/0`, or `rediss://` for TLS. */
  readonly url?: string
  /**
   * A client of the `redis` package whose settings are used: `createClient`, `createCluster` or `createSentinel`.
   * It need not be connected. Connections are made by `client.duplicate()`; the client itself is left alone. A database
   * chosen with `client.select()` is not a setting: give the option `database` to `createClient`.
   */
  readonly client?: RedisClient
  /** The name in Redis. Nodes with the same key share a log, and count their connections together. Default `'rxsse'`. */
  readonly key?: string
  /** The longest time that a call takes, waiting for Redis included. Then it fails. Default `'5s'`. */
  readonly timeout?: Duration
  /**
   * Called when Redis goes away or answers with an unexpected error, once until it is back. Calls report their own
   * errors; this reports those that no call waits for. Default `console.error`.
   */
  readonly onError?: (error: unknown) => void
  /** The clock of timeouts and of delays between tries. Default `asyncScheduler`. */
  readonly scheduler?: SchedulerLike
  /** Random numbers in [0, 1), which spread the delays between tries. Default `Math.random`. */
  readonly random?: () => number
}

/** The options with their defaults. `timeout` is in milliseconds. */
export type ConnectionSettings = Required<Omit<ConnectionOptions, 'url' | 'timeout'>> & {
  readonly timeout: number
}

/** Redis is pinged after this many milliseconds without traffic. */
export const PING_INTERVAL = 3_000

/** A connection is given up after this many milliseconds without an answer. */
export const SILENCE_LIMIT = 10_000

/** Fills in the defaults. `caller` is the function that error messages name. */
export function resolveConnectionOptions(options: ConnectionOptions, caller: string): ConnectionSettings {
  const {
    key = 'rxsse',
    timeout = '5s',
    onError = console.error,
    scheduler = asyncScheduler,
    random = Math.random,
  } = options
  // Redis Cluster hashes only the part in braces, and the log adds the braces.
  if (typeof key !== 'string' || !/^[^{}]+$/.test(key)) {
    throw optionError(`${caller}: key`, 'text without { and }', key)
  }
  return {
    client: resolveClient(options, caller, random),
    key,
    timeout: parsePositiveTimeout(timeout, `${caller}: timeout`),
    onError,
    scheduler,
    random,
  }
}

function resolveClient(
  { url, client }: ConnectionOptions,
  caller: string,
  random: () => number,
): RedisClient {
  if (client !== undefined) {
    if (url === undefined) return client
    throw new TypeError(`${caller}: url and client are both given; give one of them`)
  }
  if (typeof url !== 'string') throw optionError(`${caller}: url`, URL_FORMAT, url)
  if (!/^rediss?:\/\//.test(url) || !URL.canParse(url)) throw urlError(caller)
  try {
    return createClient({
      url,
      pingInterval: PING_INTERVAL,
      socket: {
        connectTimeout: SILENCE_LIMIT,
        // If the other end has vanished without a FIN, only the missing answer to a ping shows it.
        socketTimeout: SILENCE_LIMIT,
        reconnectStrategy: (retries) => backoffDelay(20, retries, random),
      },
    })
  } catch {
    // The client's own error quotes the url.
    throw urlError(caller)
  }
}

const URL_FORMAT = 'like redis://user:password@host:6379/0, or rediss:// for TLS'

/** Does not show the value, which may contain a password. */
function urlError(caller: string): TypeError {
  return new TypeError(
    `${caller}: url must be ${URL_FORMAT} (the value is not shown: it may hold a password)`,
  )
}
