import type { Snapshot, SnapshotStore } from '@rxsse/shared'

/**
 * Keeps the last snapshot in memory: for tests, and for a pipeline that `retry` starts again in the same process.
 * It survives no crash.
 */
export function memoryStore(): SnapshotStore {
  let last: Snapshot | undefined
  return {
    load: () => last,
    save(snapshot) {
      last = snapshot
    },
  }
}
