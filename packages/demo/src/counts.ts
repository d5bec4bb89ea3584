import type { ConnectionState } from '@rxsse/core'
import type { SseEvent } from '@rxsse/operators'
import { type MonoTypeOperatorFunction, tap } from 'rxjs'
import type { Messages } from './messages.ts'

/** What the demo has seen so far, kept as it happens and read by the page and the terminal. */
export interface Counts {
  in: number
  out: number
  /** Invalid, late, over the rate: whatever came in and is in no result. */
  dropped: number
  /** Connections that went on after an event rather than begin anew. */
  resumed: number
  /** Events that should have come, by their ids, and did not. */
  missed: number
  /** Events that came before. */
  repeated: number
}

export function noCounts(): Counts {
  return { in: 0, out: 0, dropped: 0, resumed: 0, missed: 0, repeated: 0 }
}

/** Counts events in and, as the feed's ids are consecutive numbers, whether any is missing or came twice. */
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

/** Where the connection to the source stands, as the page is told. */
export interface Upstream {
  next(state: ConnectionState): void
  now(): Connection
}

export function trackUpstream(counts: Counts, changed: () => void, now: () => number = Date.now): Upstream {
  let state: ConnectionState | undefined
  let cursor = ''
  let since = now()
  return {
    next(next) {
      state = next
      since = now()
      if (next.status === 'connecting') cursor = next.lastEventId
      if (next.status === 'open' && next.attempt > 1 && cursor !== '') counts.resumed += 1
      changed()
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
