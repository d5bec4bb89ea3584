import type { SseEvent } from '@rxsse/shared'
import type { EventSourceError } from '../errors/event-source-error.ts'
import type { ConnectionState } from '../stream/state.ts'
import type { Message, News } from './protocol.ts'
import type { TabRole } from './shared-options.ts'

/**
 * How a tab asks for the lock: `'try'` gets it only if no tab holds it or waits for it, `'wait'` gets it in turn, and `'steal'`
 * takes it from the tab that holds it.
 */
export type LockMode = 'try' | 'wait' | 'steal'

/** What a tab does to the world. Its methods may call back into the tab before they return. */
export interface TabPort {
  /** Sends a message to all other tabs. */
  post(message: Message): void
  /** Replaces an earlier request. `onLockGranted`, `onLockUnavailable` (of a try) or `onLockLost` follows on a later turn. */
  requestLock(mode: LockMode): void
  /** Gives the lock up, and the request for it. Neither is an error if there is none. */
  releaseLock(): void
  /** Gives the lock up when the other tabs have heard that the stream is over. The one that waits for it would connect. */
  releaseLockLater(): void
  /** Opens this tab's only connection, after an ID. Its events come by the `onStream` methods. */
  openStream(lastEventId: string): void
  closeStream(): void
  pauseStream(paused: boolean): void
  wakeStream(): void
  deliver(event: SseEvent): void
  tellCursor(id: string): void
  tellNews(news: News): void
  tellState(state: ConnectionState, role: TabRole): void
  /** The stream is over for this tab. */
  end(error: EventSourceError | undefined): void
}
