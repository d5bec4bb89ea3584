import type { WireMessage } from './encode.ts'
import type { Interpretation } from './parse.ts'

/**
 * The events that a client gets from `messages`: one event for each message, with LF as its line breaks, and with the
 * last `id` sent so far as its last event ID. `referenceParse` of the encoded messages gives the same result.
 */
export function referenceEvents(messages: readonly WireMessage[]): Interpretation {
  let lastEventId = ''
  let retry: number | null = null
  const events = messages.map((message) => {
    lastEventId = message.id ?? lastEventId
    retry = message.retry ?? retry
    return {
      type: message.type || 'message',
      data: message.data.replace(/\r\n|\r/g, '\n'),
      lastEventId,
    }
  })
  return { events, retry, lastEventId }
}
