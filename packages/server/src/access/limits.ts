import { isPromise, type MaybePromise, optionError, requireInteger } from '@rxsse/shared'
import { addJitter } from '../connection/reconnection-time.ts'
import type { SinkRequest } from '../http/request.ts'
import { createPlainResponse, type SinkResponse, STREAM_HEADERS } from '../http/response.ts'
import { callSafely, createResultError, requireOptionalText } from '../sink/callbacks.ts'
import { encodeComment, encodeRetry } from '../wire/encode.ts'

export interface LimitOptions {
  /** Connections in all, and requests that wait to be one. Default: no limit. */
  readonly connections?: number
  /** Connections that share a `key`. Default: no limit. */
  readonly connectionsPerKey?: number
  /** The key of a connection. One whose key is undefined is not counted. Default: the user. */
  readonly key?: (request: SinkRequest, user: string | undefined) => string | undefined
  /** Counts a key on all servers: `redisPresence`. Default: each server counts its own. */
  readonly across?: SharedPermits
  /** Rooms and topic patterns that a query may name. More are answered 400. Default 64. */
  readonly queryNames?: number
  /** Bytes of the log to read at once for a client that resumes. Default 256 KiB. */
  readonly replayBytes?: number
  /**
   * The response to excess clients. `'retry'` (the default) is a 200 whose stream says when to come
   * back and ends. `503` has a `Retry-After`, but it ends a browser's EventSource for good. Requests
   * other than GET always get the 503.
   */
  readonly overload?: 'retry' | 503
}

/** Counts one open connection until it is released. A second release does nothing. */
export interface Permit {
  release(): void
}

/** Permits that several servers take from one count for each key. */
export interface SharedPermits {
  /** One of the `most` permits of a key, or undefined if all are taken. */
  take(key: string, most: number): MaybePromise<Permit | undefined>
}

/** The permit of one request, and later of its connection. */
export interface RequestPermit extends Permit {
  /** A permit that comes after the release is released at once. */
  addKeyPermit(keyPermit: Permit): void
}

export interface ConnectionLimits {
  readonly queryNames: number
  /** Permits that are taken: those of connections, and of requests that wait. */
  readonly taken: number
  /** A permit for a request, or undefined if all are taken. */
  take(): RequestPermit | undefined
  /** Takes one of the permits of the request's key, too. Returns whether there was one. */
  takeKey(permit: RequestPermit, request: SinkRequest, user: string | undefined): MaybePromise<boolean>
  /** The response if there is no permit, or the endpoint is closing. */
  overloaded(request: SinkRequest): SinkResponse
}

export interface LimitsHost {
  /** The reconnection time in milliseconds, without jitter. */
  readonly retry: number
  readonly random: () => number
  /** Never throws. */
  readonly onError: (error: unknown) => void
}

export function resolveLimits(
  {
    connections = Number.POSITIVE_INFINITY,
    connectionsPerKey = Number.POSITIVE_INFINITY,
    key = (_request, user) => user,
    across,
    queryNames = 64,
    overload = 'retry',
  }: LimitOptions = {},
  { retry, random, onError }: LimitsHost,
): ConnectionLimits {
  requireLimit(connections, 'limits.connections')
  requireLimit(connectionsPerKey, 'limits.connectionsPerKey')
  requireLimit(queryNames, 'limits.queryNames')
  const hasKeys = connectionsPerKey < Number.POSITIVE_INFINITY
  if (overload !== 'retry' && overload !== 503) {
    throw optionError('limits.overload', "'retry' or 503", overload)
  }
  if (across !== undefined && !hasKeys) {
    throw new TypeError('limits.across needs limits.connectionsPerKey: it counts the connections of a key')
  }
  const keyPermits = across ?? createLocalPermits()
  const count = { taken: 0, onError }

  return {
    queryNames,

    get taken() {
      return count.taken
    },

    take: () => (count.taken < connections ? new CountedPermit(count) : undefined),

    takeKey(permit, request, user) {
      const name = hasKeys ? requireOptionalText(key(request, user), 'limits.key') : undefined
      if (name === undefined) return true
      const keyPermit = keyPermits.take(name, connectionsPerKey)
      return isPromise(keyPermit) ? keyPermit.then(add) : add(keyPermit)

      function add(taken: Permit | undefined): boolean {
        if (taken === undefined) return false
        if (typeof taken?.release !== 'function') {
          throw createResultError(taken, 'limits.across.take', 'a permit or undefined')
        }
        permit.addKeyPermit(taken)
        return true
      }
    },

    overloaded({ method }) {
      const delay = addJitter(retry, random)
      // Only a browser's EventSource needs the 200, and it sends only GET.
      if (overload === 503 || (method !== 'GET' && method !== 'HEAD')) {
        return createPlainResponse(503, 'too many connections', {
          'retry-after': String(Math.ceil(delay / 1000)),
        })
      }
      // No blank line, so that no reader takes it for an event.
      const body = encodeComment('too many connections') + encodeRetry(delay)
      return { status: 200, headers: STREAM_HEADERS, body }
    },
  }
}

/** A permit outlives its request by hours, so it holds no reference to it. */
class CountedPermit implements RequestPermit {
  readonly #count: { taken: number; readonly onError: (error: unknown) => void }
  #keyPermit: Permit | undefined
  #released = false

  constructor(count: { taken: number; readonly onError: (error: unknown) => void }) {
    this.#count = count
    count.taken++
  }

  addKeyPermit(keyPermit: Permit): void {
    this.#keyPermit = keyPermit
    if (this.#released) this.#releaseKey()
  }

  release(): void {
    if (this.#released) return
    this.#released = true
    this.#count.taken--
    this.#releaseKey()
  }

  #releaseKey(): void {
    const keyPermit = this.#keyPermit
    this.#keyPermit = undefined
    if (keyPermit !== undefined) callSafely(() => keyPermit.release(), this.#count.onError)
  }
}

/** The permits of one server, counted in its memory. */
export function createLocalPermits(): SharedPermits {
  const taken = new Map<string, number>()
  return {
    take(key, most) {
      const before = taken.get(key) ?? 0
      if (before >= most) return undefined
      taken.set(key, before + 1)
      let isHeld = true
      return {
        release() {
          if (!isHeld) return
          isHeld = false
          const left = Number(taken.get(key)) - 1
          if (left === 0) taken.delete(key)
          else taken.set(key, left)
        },
      }
    },
  }
}

function requireLimit(value: number, option: string): void {
  if (value !== Number.POSITIVE_INFINITY) requireInteger(value, option, 0)
}
