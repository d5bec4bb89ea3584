import { randomInt } from 'node:crypto'
import type { LogEntry, LoggedMessage, LogPosition, Target } from '@rxsse/server'

/** An entry with its id in the log. The `id` that clients see may be the message's own. */
export interface StoredEntry extends LogEntry {
  /** `<epoch>-<number>`. */
  readonly logId: string
}

/** The stored form of a message: JSON, which preserves any text, lone surrogates included. */
export function encodeBody(message: LoggedMessage, target: Target): string {
  return JSON.stringify({ message, target })
}

export function decodeEntry(
  logId: string,
  offset: number,
  body: string,
  ids: 'epoch' | 'message',
): StoredEntry {
  const { message, target } = parseBody(body)
  return { logId, id: findOwnId(message, ids) ?? logId, offset, message, target }
}

/** Something else may have written the body. So a sink checks each entry, and leaves out malformed ones. */
function parseBody(body: string): { readonly message: LoggedMessage; readonly target: Target } {
  try {
    const parsed: unknown = JSON.parse(body)
    return Object(parsed)
  } catch {
    return Object({})
  }
}

/** The message's own id, if clients see that one instead of the log's. */
export function findOwnId(message: LoggedMessage, ids: 'epoch' | 'message'): string | undefined {
  const { id }: { id?: unknown } = Object(message)
  return ids === 'message' && typeof id === 'string' && id !== '' ? id : undefined
}

/** Whether something is an id of a log: `<epoch>-<number>`. */
export function isLogId(text: unknown): boolean {
  return typeof text === 'string' && /^[0-9a-z]+-\d{1,15}$/.test(text)
}

export function parseLogId(logId: string): { readonly epoch: string; readonly number: number } {
  const [epoch = '', number = ''] = logId.split('-')
  return { epoch, number: Number(number) }
}

/** The position before an entry: that of the entry before it, or the beginning of its term. */
export function positionBefore({ logId, offset }: StoredEntry): LogPosition {
  const { epoch, number } = parseLogId(logId)
  return { id: `${epoch}-${number - 1}`, offset: offset - 1 }
}

/** A name for a new term. It must be unique, so neither an injected clock nor injected random numbers make it. */
export function createEpoch(): string {
  return (
    Date.now().toString(36) +
    randomInt(36 ** 5)
      .toString(36)
      .padStart(5, '0')
  )
}
