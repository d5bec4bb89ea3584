import { spread } from '../connection/retry.ts'
import type { SinkRequest } from '../http/request.ts'
import { plainResponse, type SinkResponse, STREAM_HEADERS } from '../http/response.ts'
import { isPromise } from '../maybe-promise.ts'
import type { MaybePromise } from '../sink/message.ts'
import { encodeRetry } from '../wire/encode.ts'

export interface LimitOptions {
  /** Connections in all. Default: no limit. */
  readonly connections?: number
  /** Connections that share a `key`. Default: no limit. */
  readonly connectionsPerKey?: number
  /** What they share; undefined is not counted. Default: the user. */
  readonly key?: (request: SinkRequest, user: string | undefined) => string | undefined
  /** Where the connections of a key are counted, as with other servers: `redisPresence`. Default: here alone. */
  readonly across?: SharedPermits
  /**
   * What those in excess are answered: `'retry'` (the default), a 200 whose stream says when to come back and
   * ends, or `503` with `Retry-After`, which ends a browser's EventSource for good.
   */
  readonly overload?: 'retry' | 503
}

/** What a connection holds while it is open. Giving it back again changes nothing. */
export interface Permit {
  release(): void
}

/** The places of each key, of which several servers take. */
export interface SharedPermits {
  /** A permit of the `most` that a key has in all, or undefined where there is none. */
  take(key: string, most: number): MaybePromise<Permit | undefined>
}

export interface ConnectionLimits {
  /** A permit, or undefined where there is none. */
  take(request: SinkRequest, user: string | undefined): MaybePromise<Permit | undefined>
  /** What those are answered who get no permit, or come while the sink closes. */
  overloaded(headers: Readonly<Record<string, string>>): SinkResponse
}

export function resolveLimits(
  {
    connections,
    connectionsPerKey,
    key = (_request, user) => user,
    across,
    overload = 'retry',
  }: LimitOptions = {},
  retry: number,
  random: () => number,
): ConnectionLimits {
  const most = bound(connections, 'limits.connections')
  const mostPerKey = bound(connectionsPerKey, 'limits.connectionsPerKey')
  if (overload !== 'retry' && overload !== 503) {
    throw new TypeError(`limits.overload is ${JSON.stringify(overload)}; it must be 'retry' or 503`)
  }
  if (across !== undefined && mostPerKey === Number.POSITIVE_INFINITY) {
    throw new TypeError('limits.across is given without limits.connectionsPerKey; it counts what that bounds')
  }
  const ofKeys = across ?? createLocalPermits()
  let total = 0

  return {
    take(request, user) {
      if (total >= most) return undefined
      const name = mostPerKey === Number.POSITIVE_INFINITY ? undefined : key(request, user)
      // Counted before it is known whether the key has a permit: others may ask meanwhile.
      total++
      if (name === undefined) return permit()
      try {
        const ofKey = ofKeys.take(name, mostPerKey)
        return isPromise(ofKey) ? ofKey.then(placed, failed) : placed(ofKey)
      } catch (error) {
        return failed(error)
      }
    },

    overloaded(headers) {
      const delay = spread(retry, random)
      if (overload === 503) {
        return plainResponse(503, 'no permit left', {
          ...headers,
          'retry-after': String(Math.ceil(delay / 1000)),
        })
      }
      return { status: 200, headers: { ...headers, ...STREAM_HEADERS }, body: `${encodeRetry(delay)}\n` }
    },
  }

  function placed(ofKey: Permit | undefined): Permit | undefined {
    if (ofKey !== undefined) return permit(ofKey)
    total--
    return undefined
  }

  function failed(error: unknown): never {
    total--
    throw error
  }

  // It outlives the request by hours: nothing here may hold on to that.
  function permit(ofKey?: Permit): Permit {
    return releasedOnce(() => {
      total--
      ofKey?.release()
    })
  }
}

/** The places of one server, counted in its memory. */
function createLocalPermits(): SharedPermits {
  const byKey = new Map<string, { taken: number }>()
  return {
    take(key, most) {
      const places = byKey.get(key) ?? { taken: 0 }
      if (places.taken >= most) return undefined
      places.taken++
      byKey.set(key, places)
      return releasedOnce(() => {
        places.taken--
        if (places.taken === 0) byKey.delete(key)
      })
    },
  }
}

function releasedOnce(release: () => void): Permit {
  let held = true
  return {
    release() {
      if (!held) return
      held = false
      release()
    },
  }
}

function bound(value: number | undefined, option: string): number {
  if (value === undefined) return Number.POSITIVE_INFINITY
  if (Number.isSafeInteger(value) && value >= 0) return value
  throw new RangeError(`${option} is ${value}; it must be a whole number, 0 or more`)
}
