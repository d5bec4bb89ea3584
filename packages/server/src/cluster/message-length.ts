import type { LogEntry } from '../log/event-log.ts'
import type { Answer, Call } from './protocol.ts'

/** Characters that a message takes on the channel, about. */
export function measureMessage({ data }: { readonly data: string }): number {
  return data.length + OVERHEAD
}

export function measureEntries(entries: readonly LogEntry[]): number {
  return entries.reduce((sum, { message }) => sum + measureMessage(message), 0)
}

export function measureCall(call: Call): number {
  return call[1] === 'append' ? measureMessage(call[2]) : OVERHEAD
}

export function measureAnswer([, ok, value]: Answer): number {
  const { entries = [], message } = Object(ok ? value : undefined) as {
    readonly entries?: readonly LogEntry[]
    readonly message?: LogEntry['message']
  }
  return OVERHEAD + measureEntries(entries) + (message === undefined ? 0 : measureMessage(message))
}

/** Ids, topics and what is around them. */
const OVERHEAD = 128

/**
 * Cuts a list so that each part is one message of the channel: at most `LONGEST` characters, and one
 * item more. A message is one string or buffer, and Node ends a process that makes too long a one.
 */
export function splitByLength<T>(items: readonly T[], measure: (item: T) => number): T[][] {
  const parts: T[][] = []
  let length = Number.POSITIVE_INFINITY
  for (const item of items) {
    if (length > LONGEST) {
      parts.push([])
      length = 0
    }
    parts.at(-1)?.push(item)
    length += measure(item)
  }
  return parts
}

const LONGEST = 1_048_576
