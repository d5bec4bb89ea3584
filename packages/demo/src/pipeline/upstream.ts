import type { ConnectionState } from '@rxsse/core'
import type { Messages } from '../messages/messages.ts'

type Connection = Messages['status']['connection']

/** The state of the connection to the source. */
export interface Upstream {
  next(state: ConnectionState): void
  now(): Connection
  /** Different for each connection, also for those of other processes. */
  readonly connection: string
}

export function trackUpstream(onChange: () => void, now: () => number = Date.now): Upstream {
  let state: ConnectionState | undefined
  let since = now()
  let opened = 0
  return {
    get connection() {
      return `${process.pid} ${opened}`
    },
    next(next) {
      state = next
      since = now()
      if (next.status === 'open') opened += 1
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
