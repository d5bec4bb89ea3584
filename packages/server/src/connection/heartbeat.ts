import { type Duration, optionError, parseTimeout } from '@rxsse/shared'
import { encodeComment, encodeId, encodeMessage } from '../wire/encode.ts'
import { EncodedEvent } from '../wire/frame.ts'
import { toWireMessage } from '../wire/message.ts'
import type { Cancel, Clock } from './clock.ts'

/** Heartbeats keep quiet connections open through proxies, and show that they are open. */
export interface HeartbeatOptions {
  /** Default `'30s'`. One timer serves all connections. It runs while there are any. */
  readonly interval?: Duration
  /** `'comment'` (the default), which clients ignore, or `'event'`, which they can see. */
  readonly as?: 'comment' | 'event'
  /** The type of the event. Default `'heartbeat'`. */
  readonly type?: string
  /** The data of the event. Default `'ping'`. */
  readonly data?: unknown
  /** The text of the comment. Default `'keep-alive'`. */
  readonly comment?: string
  /** Skips connections that got something since the last heartbeat. Default false. */
  readonly onlyWhenQuiet?: boolean
}

export interface Heartbeat {
  /** Milliseconds. */
  readonly interval: number
  readonly onlyWhenQuiet: boolean
  /** One heartbeat. It sets the client's last event ID to `cursor`, if there is one. */
  encode(cursor: string | undefined): EncodedEvent
}

/** Throws if the heartbeat cannot be encoded, so that the timer cannot fail later. */
export function resolveHeartbeat(options: HeartbeatOptions | false = {}): Heartbeat | undefined {
  if (options === false) return undefined
  const { as = 'comment', type = 'heartbeat', data = 'ping', comment = 'keep-alive' } = options
  if (as !== 'comment' && as !== 'event') throw optionError('heartbeat.as', "'comment' or 'event'", as)
  const interval = parseTimeout(options.interval ?? '30s', 'heartbeat.interval')
  if (interval === 0) {
    throw optionError('heartbeat.interval', 'longer than zero (heartbeat: false sends none)', interval)
  }
  const message = toWireMessage({ type, data })
  const text = encodeComment(comment)
  return {
    interval,
    onlyWhenQuiet: options.onlyWhenQuiet ?? false,
    encode: (cursor) =>
      new EncodedEvent(
        as === 'event'
          ? encodeMessage({ ...message, id: cursor })
          : // Without an id, no blank line: some readers make an event of every block.
            `${text}${cursor === undefined ? '' : `${encodeId(cursor)}\n`}`,
      ),
  }
}

/** The one heartbeat timer of an endpoint. */
export interface HeartbeatTimer {
  /** Starts the timer if there are connections; stops it otherwise. */
  update(): void
}

export interface HeartbeatTarget {
  /** The number of connections. */
  readonly size: number
  beat(heartbeat: Heartbeat, cursor: string | undefined): void
}

export function createHeartbeatTimer(
  heartbeat: Heartbeat | undefined,
  target: HeartbeatTarget,
  position: { readonly cursor: string | undefined },
  clock: Clock,
): HeartbeatTimer {
  let cancel: Cancel | undefined
  return {
    update() {
      if (heartbeat === undefined) return
      if (target.size > 0) {
        cancel ??= clock.every(heartbeat.interval, () => target.beat(heartbeat, position.cursor))
      } else {
        cancel?.()
        cancel = undefined
      }
    },
  }
}
