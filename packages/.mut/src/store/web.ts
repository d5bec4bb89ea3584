// The entry `store` in browsers. `exports` in package.json picks the file.

export {
  type Lease,
  type LeaseRequest,
  type Snapshot,
  type SnapshotStore,
  SnapshotStoreError,
  type SnapshotStoreErrorCode,
} from '@rxsse/shared'
export { type IndexedDbStoreOptions, indexedDbStore } from './indexed-db-store.ts'
export { memoryStore } from './memory-store.ts'
