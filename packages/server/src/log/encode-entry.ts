import type { SseEvent } from '@rxsse/shared'
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
export function encodeGap(gap: LogGap): EncodedEvent {
  const { type, data, lastEventId } = createGapEvent(gap)
  return new EncodedEvent(encodeMessage({ type, data, id: lastEventId }))
}

export function createGapEvent({ from, to, reason, missed }: LogGap): SseEvent {
  const data = JSON.stringify({ from, to: to.id, reason, missed })
  return { type: 'gap', data, lastEventId: to.id }
}
