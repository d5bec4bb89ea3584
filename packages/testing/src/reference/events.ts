import type { WireMessage } from './encode.ts'
import type { Interpretation } from './parse.ts'

/**
 * What a reader gets of `messages`, said without bytes: every message is an event, its line breaks LF, its last event ID the last `id`
 * sent so far. `referenceParse` of the encoded messages must say the same.
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
