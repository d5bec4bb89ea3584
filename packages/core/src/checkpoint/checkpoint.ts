import type { MaybePromise } from '../options.ts'

/**
 * Where a reader keeps the id of the last event it is done with. Give it as the `lastEventId` option, and call `save` with
 * `event.lastEventId` when the event has been dealt with: a restarted process resumes after it.
 */
export interface Checkpoint {
  /** The id saved last; undefined where none was. */
  load(): MaybePromise<string | undefined>
  /** Done when the id is stored. */
  save(id: string): MaybePromise<void>
}
