export {
  type Duration,
  LONGEST_TIMER,
  parseDuration,
  parsePositiveDuration,
  parseTimeout,
} from './duration.ts'
export type { SseEvent, SseMessage } from './event.ts'
export { isPromise, type MaybePromise } from './maybe-promise.ts'
export { describeValue, optionError, requireInteger, requireNumber } from './option-error.ts'
export type { Lease, LeaseRequest, Snapshot, SnapshotStore } from './snapshot-store.ts'
