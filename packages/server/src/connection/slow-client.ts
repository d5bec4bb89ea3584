import type { SseMessage } from '@rxsse/shared'
import { type Duration, parseDuration } from '../duration.ts'
import { resolveType } from '../sink/message.ts'
import { encodeMessage } from '../wire/encode.ts'
import { EncodedEvent } from '../wire/frame.ts'
import { toWireMessage } from '../wire/message.ts'

/**
 * What to do about a client that reads more slowly than events come. What it has not taken waits for it, as
 * references to events that all clients share, up to `maxMessages` and `maxBytes`.
 */
export interface SlowClientOptions {
  /** Messages that may wait for one client. Default 1,000. */
  readonly maxMessages?: number
  /** Bytes that may wait for one client. Default 1 MiB. */
  readonly maxBytes?: number
  /** A client that takes nothing of what it was sent for so long is disconnected. Default `'30s'`. */
  readonly stalledFor?: Duration
  /**
   * When the bound is reached: drop the oldest and tell the client how many (`'skip'`, the default), end its
   * connection, so that it resumes from the log (`'disconnect'`), or let a newer message take the permit of a
   * waiting one with the same `key` (`'coalesce'`; past the bound it skips).
   */
  readonly policy?: 'skip' | 'disconnect' | 'coalesce'
  /** What `'coalesce'` goes by. Default: the message's type. */
  readonly key?: (message: SseMessage) => string
  /** What tells a client of skipped messages. Default `{type: 'lagged', data: {skipped}}`. */
  readonly notice?: (skipped: number) => SseMessage
}

export interface SlowClientRules {
  readonly bounds: { readonly maxMessages: number; readonly maxBytes: number }
  readonly stalledFor: number
  readonly policy: 'skip' | 'disconnect' | 'coalesce'
  key(message: SseMessage): string | undefined
  notice(skipped: number): EncodedEvent
}

export function resolveSlowClient(options: SlowClientOptions = {}): SlowClientRules {
  const { policy = 'skip', notice = lagged, key = ({ type }) => resolveType(type) } = options
  if (!POLICIES.has(policy)) {
    throw new TypeError(
      `slowClient.policy is ${JSON.stringify(policy)}; it must be 'skip', 'disconnect' or 'coalesce'`,
    )
  }
  return {
    bounds: {
      maxMessages: positive(options.maxMessages ?? 1_000, 'slowClient.maxMessages'),
      maxBytes: positive(options.maxBytes ?? 1_048_576, 'slowClient.maxBytes'),
    },
    stalledFor: parseDuration(options.stalledFor ?? '30s', 'slowClient.stalledFor'),
    policy,
    key: (message) => (policy === 'coalesce' ? key(message) : undefined),
    notice: (skipped) => new EncodedEvent(encodeMessage(toWireMessage(notice(skipped)))),
  }
}

const POLICIES: ReadonlySet<string> = new Set(['skip', 'disconnect', 'coalesce'])

function lagged(skipped: number): SseMessage {
  return { type: 'lagged', data: { skipped } }
}

function positive(value: number, option: string): number {
  if (Number.isSafeInteger(value) && value >= 1) return value
  throw new RangeError(`${option} is ${value}; it must be a whole number, 1 or more`)
}
