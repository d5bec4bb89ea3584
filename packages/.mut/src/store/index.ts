export {
  type Lease,
  type LeaseRequest,
  type Snapshot,
  type SnapshotStore,
  SnapshotStoreError,
  type SnapshotStoreErrorCode,
} from '@rxsse/shared'
export { type FileStoreOptions, fileStore } from './file-store.ts'
export { memoryStore } from './memory-store.ts'
export { type SqliteStoreOptions, sqliteStore } from './sqlite-store.ts'
