/** Why a store of snapshots refused a call: the `code` of a {@link SnapshotStoreError}. */
export type SnapshotStoreErrorCode =
  /** There are snapshots, and none is intact. `damaged` says what is wrong with each. */
  | 'damaged'
  /** The store has a snapshot with the same or a higher number, or one that another process has saved. */
  | 'superseded'
  /** Another process has the right to run the job. */
  | 'lease-lost'
  /** The store is closed. */
  | 'closed'

/** A store refused a call. Errors of the disk or the network pass through as they are. */
export class SnapshotStoreError extends Error {
  override readonly name = 'SnapshotStoreError'
  readonly code: SnapshotStoreErrorCode
  /** Only with `damaged`: what is wrong with each snapshot, the newest first. */
  readonly damaged: readonly string[]

  constructor(code: SnapshotStoreErrorCode, message: string, damaged: readonly string[] = []) {
    super(message)
    this.code = code
    this.damaged = damaged
  }
}
