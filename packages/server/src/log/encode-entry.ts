import { encodeMessage } from '../wire/encode.ts'
import { EncodedEvent } from '../wire/frame.ts'
import type { LogEntry, LogGap, LoggedMessage } from './event-log.ts'

export function encodeEntry({ message, id }: LogEntry): EncodedEvent {
  return encodeLoggedMessage(message, id)
}

export function encodeLoggedMessage(
  { type, data, retry, key, trace }: LoggedMessage,
  id: string | undefined,
): EncodedEvent {
  return new EncodedEvent(encodeMessage({ type, data, retry, id }), true, key, trace)
}

/** The event that reports a gap. It sets the client's last event ID to the end of the gap. */
export function encodeGap({ from, to, reason, missed }: LogGap): EncodedEvent {
  const data = JSON.stringify({ from, to: to.id, reason, missed })
  return new EncodedEvent(encodeMessage({ type: 'gap', data, id: to.id }))
}
