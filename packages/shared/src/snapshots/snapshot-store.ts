import type { MaybePromise } from '../maybe-promise.ts'

/** What a job saves: one consistent cut of the cursors of its feeds and the states of its stages. A store does not read it. */
export interface Snapshot {
  /** Counts from 1. Every snapshot of a job has a higher number than those before it. */
  readonly number: number
  /** The bytes, in pieces, so that neither copying nor writing them takes a long turn of the event loop. */
  readonly chunks: readonly Uint8Array[]
  /** Only from `load`: why each snapshot that is or may be newer could not be used. Missing if this is the newest one. */
  readonly damaged?: readonly string[]
}

/** The right to run a job. One process at a time has it. */
export interface Lease {
  /** Calls back once when the right is lost: the process can no longer save or publish. */
  onLost(listener: (reason: Error) => void): void
  /** Only of a shard: calls back once when another process should run it. Save what there is and call `release` soon. */
  onWanted?(listener: () => void): void
  /** Gives the right back. The next process gets it when it asks again: of `redisStore`, within half a second. */
  release(): MaybePromise<void>
}

export interface LeaseRequest {
  /** Rejects if this process can never have the right, such as with another number of shards than the others. */
  readonly granted: Promise<Lease>
  /** Stops waiting. `granted` then never settles. */
  cancel(): void
}

/**
 * Keeps the snapshots of one job. It keeps the last two, so that a torn or corrupt one never leaves the job without a state.
 */
export interface SnapshotStore {
  /**
   * The newest intact snapshot. Undefined if none was ever saved. Rejects with a `SnapshotStoreError` `damaged` if there are
   * snapshots and none is intact.
   */
  load(): MaybePromise<Snapshot | undefined>
  /**
   * Resolves when the snapshot survives a crash of the process and of the machine. Until then its bytes must not change. A
   * failed save leaves the earlier snapshots intact. Rejects with a `SnapshotStoreError` `superseded` if the store has a
   * snapshot that this one does not follow: with the same or a higher number, or of another process.
   */
  save(snapshot: Snapshot): MaybePromise<void>
  /** A shared store only: asks for the right to run the job, and waits for it as long as another process has it. */
  acquire?(): LeaseRequest
  /**
   * The store of one shard of the job: its `index` is from 0 to `count - 1`. The same call returns the same store. `close` of
   * this store closes those of its shards too. Without `acquire`, the job saves the number of its shards in this store.
   */
  shard?(index: number, count: number): SnapshotStore
  /** Releases files and connections. */
  close?(): MaybePromise<void>
}
