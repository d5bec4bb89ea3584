export {
  type Duration,
  LONGEST_TIMER,
  parseDuration,
  parsePositiveDuration,
  parsePositiveTimeout,
  parseTimeout,
} from './duration.ts'
export type { SseEvent, SseMessage } from './event.ts'
export { type Linked, LinkedList } from './linked-list.ts'
export { isPromise, type MaybePromise } from './maybe-promise.ts'
export { createOpenTail, type OpenTail } from './open-tail.ts'
export {
  describeValue,
  optionError,
  requireFunction,
  requireInteger,
  requireNumber,
  unknownOptionError,
} from './option-error.ts'
export { resolveValidate, type Validate, type ValidateResult } from './schema/resolve-validate.ts'
export {
  createSnapshotStore,
  type SnapshotBackend,
  type SnapshotRecord,
} from './snapshots/create-snapshot-store.ts'
export { formatShardPrefix, parseShardPrefix, type ShardName, withShards } from './snapshots/shards.ts'
export type { Crc32, SnapshotDraft, StoredSnapshot } from './snapshots/snapshot-bytes.ts'
export type { Lease, LeaseRequest, Snapshot, SnapshotStore } from './snapshots/snapshot-store.ts'
export { SnapshotStoreError, type SnapshotStoreErrorCode } from './snapshots/snapshot-store-error.ts'
