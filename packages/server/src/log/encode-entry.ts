import { encodeMessage } from '../wire/encode.ts'
import { EncodedEvent } from '../wire/frame.ts'
import type { LogEntry, LogGap, LoggedMessage } from './event-log.ts'

export function encodeEntry({ message, id }: LogEntry): EncodedEvent {
  return encodeLogged(message, id)
}

export function encodeLogged(
  { type, data, retry, key, trace }: LoggedMessage,
  id: string | undefined,
): EncodedEvent {
  return new EncodedEvent(encodeMessage({ type, data, retry, id }), true, key, trace)
}

/** The notice of a gap, which also moves the reader's cursor past it. */
export function encodeGap({ from, to, reason, missed }: LogGap): EncodedEvent {
  const data = JSON.stringify({ from, to: to.id, reason, missed })
  return new EncodedEvent(encodeMessage({ type: 'gap', data, id: to.id }))
}
