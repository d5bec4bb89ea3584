import { isPromise, type MaybePromise, optionError, requireInteger } from '@rxsse/shared'
import { addJitter } from '../connection/reconnection-time.ts'
import type { SinkRequest } from '../http/request.ts'
import { createPlainResponse, type SinkResponse, STREAM_HEADERS } from '../http/response.ts'
import { encodeRetry } from '../wire/encode.ts'

export interface LimitOptions {
  /** Connections in all. Default: no limit. */
  readonly connections?: number
  /** Connections that share a `key`. Default: no limit. */
  readonly connectionsPerKey?: number
  /** The key of a connection. One whose key is undefined is not counted. Default: the user. */
  readonly key?: (request: SinkRequest, user: string | undefined) => string | undefined
  /** Counts a key on all servers: `redisPresence`. Default: each server counts its own. */
  readonly across?: SharedPermits
  /**
   * The response to excess clients. `'retry'` (the default) is a 200 whose stream says when to come
   * back and ends. `503` has a `Retry-After`, but it ends a browser's EventSource for good.
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

export interface ConnectionLimits {
  /** A permit, or undefined if all are taken. */
  take(request: SinkRequest, user: string | undefined): MaybePromise<Permit | undefined>
  /** The response if there is no permit, or the endpoint is closing. */
  overloaded(headers: Readonly<Record<string, string>>): SinkResponse
}

export function resolveLimits(
  {
    connections = Number.POSITIVE_INFINITY,
    connectionsPerKey = Number.POSITIVE_INFINITY,
    key = (_request, user) => user,
    across,
    overload = 'retry',
  }: LimitOptions = {},
  retry: number,
  random: () => number,
): ConnectionLimits {
  requireLimit(connections, 'limits.connections')
  requireLimit(connectionsPerKey, 'limits.connectionsPerKey')
  const hasKeys = connectionsPerKey < Number.POSITIVE_INFINITY
  if (overload !== 'retry' && overload !== 503) {
    throw optionError('limits.overload', "'retry' or 503", overload)
  }
  if (across !== undefined && !hasKeys) {
    throw new TypeError('limits.across needs limits.connectionsPerKey: it counts the connections of a key')
  }
  const keyPermits = across ?? createLocalPermits()
  let total = 0

  return {
    take(request, user) {
      if (total >= connections) return undefined
      const name = hasKeys ? key(request, user) : undefined
      // Counted before the key's permit is known, because other requests may come meanwhile.
      total++
      if (name === undefined) return issue()
      try {
        const keyPermit = keyPermits.take(name, connectionsPerKey)
        return isPromise(keyPermit) ? keyPermit.then(issueWith, fail) : issueWith(keyPermit)
      } catch (error) {
        return fail(error)
      }
    },

    overloaded(headers) {
      const delay = addJitter(retry, random)
      if (overload === 503) {
        return createPlainResponse(503, 'too many connections', {
          ...headers,
          'retry-after': String(Math.ceil(delay / 1000)),
        })
      }
      return { status: 200, headers: { ...headers, ...STREAM_HEADERS }, body: `${encodeRetry(delay)}\n` }
    },
  }

  function issueWith(keyPermit: Permit | undefined): Permit | undefined {
    if (keyPermit !== undefined) return issue(keyPermit)
    total--
    return undefined
  }

  function fail(error: unknown): never {
    total--
    throw error
  }

  // A permit outlives its request by hours, so it must not hold a reference to it.
  function issue(keyPermit?: Permit): Permit {
    return createPermit(() => {
      total--
      keyPermit?.release()
    })
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
      return createPermit(() => {
        const left = Number(taken.get(key)) - 1
        if (left === 0) taken.delete(key)
        else taken.set(key, left)
      })
    },
  }
}

function createPermit(release: () => void): Permit {
  let held = true
  return {
    release() {
      if (!held) return
      held = false
      release()
    },
  }
}

function requireLimit(value: number, option: string): void {
  if (value !== Number.POSITIVE_INFINITY) requireInteger(value, option, 0)
}
