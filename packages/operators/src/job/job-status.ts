/** What a job does now. */
export interface JobStatus {
  /**
   * - `idle`: nothing is subscribed.
   * - `standing-by`: another process has the right to run the job, or other processes all of its shards.
   * - `restoring`: the last snapshot is loaded. The feeds are not connected yet.
   * - `running`: events are handled.
   * - `snapshotting`: the same, while a snapshot is copied and saved.
   * - `failed`: the job has ended with `error`.
   */
  readonly phase: 'idle' | 'standing-by' | 'restoring' | 'running' | 'snapshotting' | 'failed'
  /** The number of the snapshot that the job has gone on from. 0: it has begun anew. */
  readonly restoredFrom: number
  /** Why newer snapshots than that one could not be used. Also that those are gone which this process has saved. */
  readonly damaged: readonly string[]
  /** The stages whose state was discarded, and why. Only with `onMismatch: 'discard'`. */
  readonly discarded: readonly string[]
  /**
   * Feeds and stages of the snapshot that nothing uses. Their positions and states stay in later snapshots until something does.
   * A feed with a new name begins anew, although its events may be in the states already.
   */
  readonly unclaimed: readonly string[]
  /** Whether results are delivered at once, or when a snapshot has saved what caused them. See `deliver`. */
  readonly delivery: 'at-once' | 'when-saved'
  /** The last snapshot that was saved. */
  readonly saved: SavedSnapshot | undefined
  /** Events since that snapshot. They would be handled again after a crash. */
  readonly unsaved: number
  /** Results that are not delivered yet. */
  readonly pending: number
  /** What a due snapshot waits for. Also the store, if it has not answered for 30 seconds. */
  readonly waitingFor: string | undefined
  /** Why the last snapshot could not be saved. The stream goes on, and the next snapshot is tried as usual. */
  readonly saveError: unknown
  /** Why the job has failed. */
  readonly error: unknown
  /**
   * The shards of the job that this process has now. The fields above are then about all of them: sums of `unsaved` and
   * `pending`, and as `saved` the oldest of their last snapshots.
   */
  readonly shards: readonly ShardStatus[]
}

/** What one shard of a job does now. */
export interface ShardStatus extends Omit<JobStatus, 'shards'> {
  readonly index: number
}

export interface SavedSnapshot {
  readonly number: number
  readonly bytes: number
  /** The time of day of its cut, in milliseconds. */
  readonly time: number
}

export const IDLE: JobStatus = {
  phase: 'idle',
  restoredFrom: 0,
  damaged: [],
  discarded: [],
  unclaimed: [],
  delivery: 'at-once',
  saved: undefined,
  unsaved: 0,
  pending: 0,
  waitingFor: undefined,
  saveError: undefined,
  error: undefined,
  shards: [],
}
