import { fetchTransport, fromEventSource, type SseEvent, storageCheckpoint } from '@rxsse/core'
import { sourceFromConfig } from '@rxsse/core/config'
import { EventSource as CoreEventSource } from '@rxsse/core/event-source'
import { data, dedupe } from '@rxsse/operators'
import type { Observable } from 'rxjs'

const events: Observable<SseEvent> = fromEventSource('/events', {
  lastEventId: storageCheckpoint(localStorage, 'cursor'),
  transport: fetchTransport({ credentials: 'include' }),
})
export const texts: Observable<string> = events.pipe(dedupe({ key: (event) => event.data }), data())
// @ts-expect-error The types are there: an `any` would let this pass.
const wrong: Observable<number> = texts

// The class stands in for the browser's own, and its objects for the browser's.
const implementation: typeof EventSource = CoreEventSource
export const source: EventSource = new CoreEventSource('/events', { withCredentials: true })

export { implementation, sourceFromConfig, wrong }
