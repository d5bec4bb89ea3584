import { type Snapshot, type SnapshotStore, withShards } from '@rxsse/shared'

/**
 * Keeps the last snapshot in memory: for tests, and for a pipeline that `retry` starts again in the same process.
 * It survives no crash.
 */
export function memoryStore(): SnapshotStore {
  let last: Snapshot | undefined
  const store: SnapshotStore = {
    load: () => last,
    save(snapshot) {
      last = snapshot
    },
  }
  return withShards(store, memoryStore)
}
