import { type Duration, optionError, parseTimeout, requireInteger, type SseMessage } from '@rxsse/shared'
import { resolveType } from '../sink/message.ts'
import { encodeMessage } from '../wire/encode.ts'
import { EncodedEvent } from '../wire/frame.ts'
import { toWireMessage } from '../wire/message.ts'
import type { SendQueueBounds } from './send-queue.ts'

/**
 * What happens to a client that reads more slowly than events come. Its events wait in a queue of
 * at most `maxMessages` and `maxBytes`. The events themselves are shared between all clients.
 */
export interface SlowClientOptions {
  /** Messages that may wait for one client. Default 1,000. */
  readonly maxMessages?: number
  /** Bytes that may wait for one client, without coalesced messages. Default 1 MiB. */
  readonly maxBytes?: number
  /**
   * A client that reads nothing for this long is disconnected, also if only the end of its stream is
   * left. Default `'30s'`.
   */
  readonly stalledFor?: Duration
  /**
   * What happens if the queue is full:
   *
   * - `'skip'` (the default) drops the oldest messages and tells the client how many.
   * - `'disconnect'` ends the connection. The client resumes from the log.
   * - `'coalesce'` replaces a waiting message by a newer one with the same `key`, also before the
   *   queue is full. The newest message of each key is kept, however large. If there are more keys
   *   than `maxMessages`, it skips the oldest.
   */
  readonly policy?: 'skip' | 'disconnect' | 'coalesce'
  /** The key for `'coalesce'`; undefined for a message that is kept. Default: its type. */
  readonly key?: (message: SseMessage) => string | undefined
  /** The message that reports skipped ones. Default `{type: 'lagged', data: {skipped}}`. */
  readonly notice?: (skipped: number) => SseMessage
}

export interface SlowClientRules {
  readonly bounds: SendQueueBounds
  /** Milliseconds. */
  readonly stalledFor: number
  readonly policy: 'skip' | 'disconnect' | 'coalesce'
  /** Undefined if messages are not coalesced. */
  key(message: SseMessage): string | undefined
  notice(skipped: number): EncodedEvent
}

export function resolveSlowClient(options: SlowClientOptions = {}): SlowClientRules {
  const { policy = 'skip', maxMessages = 1_000, maxBytes = 1_048_576, stalledFor = '30s' } = options
  const { key = ({ type }) => resolveType(type), notice = createNotice } = options
  if (!POLICIES.has(policy)) {
    throw optionError('slowClient.policy', "'skip', 'disconnect' or 'coalesce'", policy)
  }
  return {
    bounds: {
      maxMessages: requireInteger(maxMessages, 'slowClient.maxMessages', 1),
      maxBytes: requireInteger(maxBytes, 'slowClient.maxBytes', 1),
    },
    stalledFor: parseTimeout(stalledFor, 'slowClient.stalledFor'),
    policy,
    key: (message) => (policy === 'coalesce' ? key(message) : undefined),
    notice: (skipped) => new EncodedEvent(encodeMessage(toWireMessage(notice(skipped)))),
  }
}

const POLICIES: ReadonlySet<string> = new Set(['skip', 'disconnect', 'coalesce'])

function createNotice(skipped: number): SseMessage {
  return { type: 'lagged', data: { skipped } }
}
