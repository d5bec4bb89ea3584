import type { SseEvent } from '@rxsse/shared'

/** The event that is dispatched for an event of the stream, whose origin is `origin`. */
export function createMessageEvent({ type, data, lastEventId }: SseEvent, origin: string): MessageEvent {
  const event = new MessageEvent(type, { data, lastEventId, origin })
  // workerd's constructor takes `data` alone.
  if (event.origin !== origin || event.lastEventId !== lastEventId) {
    Object.defineProperties(event, {
      origin: { value: origin, enumerable: true, configurable: true },
      lastEventId: { value: lastEventId, enumerable: true, configurable: true },
    })
  }
  return event
}
