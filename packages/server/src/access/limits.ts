import { type Answer, plainAnswer, STREAM_HEADERS } from '../answer.ts'
import type { SinkRequest } from '../request.ts'
import { encodeRetry } from '../wire/encode.ts'

export interface LimitOptions {
  /** Connections in all. Default: no limit. */
  readonly connections?: number
  /** Connections that share a `key`. Default: no limit. */
  readonly connectionsPerKey?: number
  /** What they share; undefined is not counted. Default: the user. */
  readonly key?: (request: SinkRequest, user: string | undefined) => string | undefined
  /**
   * What those in excess are answered: `'retry'` (the default), a 200 whose stream says when to come back and
   * ends, or `503` with `Retry-After`, which ends a browser's EventSource for good.
   */
  readonly overload?: 'retry' | 503
}

/** What a connection holds while it is open. Giving it back again changes nothing. */
export interface Place {
  release(): void
}

export interface Limits {
  /** A place, or undefined where there is none. */
  take(request: SinkRequest, user: string | undefined): Place | undefined
  /** What those are answered who get no place, or come while the sink closes. */
  overloaded(headers: Readonly<Record<string, string>>): Answer
}

export function limitsOf(
  { connections, connectionsPerKey, key = (_request, user) => user, overload = 'retry' }: LimitOptions = {},
  retry: number,
  random: () => number,
): Limits {
  const most = bound(connections, 'limits.connections')
  const mostPerKey = bound(connectionsPerKey, 'limits.connectionsPerKey')
  if (overload !== 'retry' && overload !== 503) {
    throw new TypeError(`limits.overload is ${JSON.stringify(overload)}; it must be 'retry' or 503`)
  }
  const taken = new Map<string, number>()
  let total = 0

  return {
    take(request, user) {
      if (total >= most) return undefined
      const name = mostPerKey === Number.POSITIVE_INFINITY ? undefined : key(request, user)
      const before = name === undefined ? 0 : (taken.get(name) ?? 0)
      if (before >= mostPerKey) return undefined
      total++
      if (name !== undefined) taken.set(name, before + 1)
      return place(name)
    },

    overloaded(headers) {
      const delay = Math.round(retry * (1 + random()))
      if (overload === 503) {
        return plainAnswer(503, 'no place left', {
          ...headers,
          'retry-after': String(Math.ceil(delay / 1000)),
        })
      }
      return { status: 200, headers: { ...headers, ...STREAM_HEADERS }, body: `${encodeRetry(delay)}\n` }
    },
  }

  // It outlives the request by hours: nothing here may hold on to that.
  function place(name: string | undefined): Place {
    let held = true
    return {
      release() {
        if (!held) return
        held = false
        total--
        if (name === undefined) return
        const left = (taken.get(name) ?? 1) - 1
        if (left === 0) taken.delete(name)
        else taken.set(name, left)
      },
    }
  }
}

function bound(value: number | undefined, option: string): number {
  if (value === undefined) return Number.POSITIVE_INFINITY
  if (Number.isSafeInteger(value) && value >= 0) return value
  throw new RangeError(`${option} is ${value}; it must be a whole number, 0 or more`)
}
