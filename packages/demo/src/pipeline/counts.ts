import type { ConnectionState } from '@rxsse/core'
import type { SseEvent } from '@rxsse/operators'
import { type MonoTypeOperatorFunction, tap } from 'rxjs'
import type { Messages } from '../messages/messages.ts'

/** Counts since the start, shown on the page and in the terminal. */
export interface Counts {
  in: number
  out: number
  /** Events that are in no result: invalid, late or over the rate limit. */
  dropped: number
  /** Connections that resumed after the last event instead of starting over. */
  resumed: number
  /** Events that never came, judged by the gaps between ids. */
  missed: number
  /** Events that came more than once. */
  repeated: number
}

export function createCounts(): Counts {
  return { in: 0, out: 0, dropped: 0, resumed: 0, missed: 0, repeated: 0 }
}

/** Counts events. The feed's ids are consecutive numbers, so missed and repeated events are counted too. */
export function countEvents(counts: Counts): MonoTypeOperatorFunction<SseEvent> {
  let last = 0
  return tap(({ lastEventId }) => {
    counts.in += 1
    const id = Number(lastEventId)
    if (id > last) {
      counts.missed += id - last - 1
      last = id
    } else {
      counts.repeated += 1
    }
  })
}

type Connection = Messages['status']['connection']

/** The state of the connection to the source. */
export interface Upstream {
  next(state: ConnectionState): void
  now(): Connection
}

export function trackUpstream(counts: Counts, onChange: () => void, now: () => number = Date.now): Upstream {
  let state: ConnectionState | undefined
  let cursor = ''
  let since = now()
  return {
    next(next) {
      state = next
      since = now()
      if (next.status === 'connecting') cursor = next.lastEventId
      if (next.status === 'open' && next.attempt > 1 && cursor !== '') counts.resumed += 1
      onChange()
    },
    now() {
      if (state === undefined) return { status: 'connecting', attempt: 1, remaining: 0, reason: '' }
      const reason =
        'reason' in state ? (typeof state.reason === 'string' ? state.reason : state.reason.message) : ''
      return {
        status: state.status,
        attempt: 'attempt' in state ? state.attempt : 0,
        remaining: state.status === 'waiting' ? Math.max(0, state.delay - (now() - since)) : 0,
        reason,
      }
    },
  }
}
