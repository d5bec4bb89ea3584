import { type Snapshot, type SnapshotStore, SnapshotStoreError, withShards } from '@rxsse/shared'

/**
 * Keeps the last snapshot in memory: for tests, and for a pipeline that `retry` starts again in the same process.
 * It survives no crash.
 */
export function memoryStore(): SnapshotStore {
  let last: Snapshot | undefined
  const store: SnapshotStore = {
    load: () => last,
    save(snapshot) {
      if (last !== undefined && snapshot.number <= last.number) {
        const text = `snapshot ${snapshot.number} does not follow snapshot ${last.number}, the newest one`
        throw new SnapshotStoreError('superseded', `memoryStore: ${text}`)
      }
      last = snapshot
    },
  }
  return withShards(store, memoryStore)
}
