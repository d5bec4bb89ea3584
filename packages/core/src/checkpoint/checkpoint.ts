import type { MaybePromise } from '@rxsse/shared'

/**
 * Keeps the ID of the last event that a reader has handled. Give it as the `lastEventId` option, and call `save` with
 * `event.lastEventId` when an event is handled. A restarted process then resumes after that event.
 */
export interface Checkpoint {
  /** Loads the ID saved last. Undefined if none was saved. */
  load(): MaybePromise<string | undefined>
  /** Saves the ID. Done when the ID is stored. */
  save(id: string): MaybePromise<void>
}
