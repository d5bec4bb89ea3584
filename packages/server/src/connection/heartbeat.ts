import type { SseMessage } from '@rxsse/shared'
import { type Duration, parseDuration } from '../duration.ts'
import { encodeComment, encodeId, encodeMessage } from '../wire/encode.ts'
import { EncodedEvent } from '../wire/frame.ts'
import { toWireMessage } from '../wire/message.ts'

/** What keeps quiet connections alive on their way through proxies, and shows that they are. */
export interface HeartbeatOptions {
  /** Default `'30s'`. One timer serves all connections; it runs while there are any. */
  readonly interval?: Duration
  /** `'comment'`, which readers ignore (the default), or `'event'`, which they can see. */
  readonly as?: 'comment' | 'event'
  /** Type and data of the event. Default `'heartbeat'` and `'ping'`. */
  readonly type?: string
  readonly data?: unknown
  /** Text of the comment. Default `'keep-alive'`. */
  readonly comment?: string
  /** Leave out connections that something was sent to since the last beat. Default false. */
  readonly onlyWhenQuiet?: boolean
}

export interface Heartbeat {
  readonly interval: number
  readonly onlyWhenQuiet: boolean
  /** The beat, which also moves the reader's cursor, so that it can resume from here. */
  event(cursor: string | undefined): EncodedEvent
}

/** Throws where the beat could not be sent, so that a timer never finds out. */
export function resolveHeartbeat(options: HeartbeatOptions | false = {}): Heartbeat | undefined {
  if (options === false) return undefined
  const { as = 'comment', type = 'heartbeat', data = 'ping', comment = 'keep-alive' } = options
  if (as !== 'comment' && as !== 'event') {
    throw new TypeError(`heartbeat.as is ${JSON.stringify(as)}; it must be 'comment' or 'event'`)
  }
  const interval = parseDuration(options.interval ?? '30s', 'heartbeat.interval')
  if (interval === 0) {
    throw new RangeError('heartbeat.interval is 0; give a time, or heartbeat: false to have none')
  }
  const message: SseMessage = { type, data }
  const wire = toWireMessage(message)
  const text = encodeComment(comment)
  return {
    interval,
    onlyWhenQuiet: options.onlyWhenQuiet ?? false,
    event: (cursor) =>
      new EncodedEvent(
        as === 'event'
          ? encodeMessage({ ...wire, id: cursor })
          : `${text}${cursor === undefined ? '' : encodeId(cursor)}\n`,
      ),
  }
}
