export type {
  Duration,
  Lease,
  LeaseRequest,
  Snapshot,
  SnapshotStore,
  SseEvent,
  SseMessage,
} from '@rxsse/shared'
export { completeOn } from './decode/complete-on.ts'
export { data } from './decode/data.ts'
export { decode } from './decode/decode.ts'
export { type DecodeByTypeOptions, decodeByType } from './decode/decode-by-type.ts'
export { decodeBytes } from './decode/decode-bytes.ts'
export { type DecodeJsonOptions, decodeJson } from './decode/decode-json.ts'
export { decodeText } from './decode/decode-text.ts'
export { defineEvents, type EventMap, type EventOf } from './decode/define-events.ts'
export type { DecodeOptions } from './decode/event-validator.ts'
export { DecodeError, type InvalidEvent } from './decode/invalid-event.ts'
export type { ParseOptions } from './decode/parse-operator.ts'
export { type MessageWith, type ToMessageOptions, toMessage } from './decode/to-message.ts'
export type { Aggregate, AggregateResults, FilledResults } from './engine/aggregates/aggregate.ts'
export type { FeedPhase } from './engine/feed-watermarks.ts'
export type { Key, Primitive } from './engine/keyed-state/key.ts'
export type { Eviction, EvictionReason } from './engine/keyed-state/keyed-state.ts'
export type { EmptyWindow, Pane, TimeWindow, WindowResult } from './engine/window-engine.ts'
export { type MatchedBy, matchType } from './filter/match-type.ts'
export { type OfType, ofType } from './filter/of-type.ts'
export { type BatchLimits, type BatchWithOptions, batchWith } from './flow/batch-with.ts'
export { type CommitOptions, type CommitTarget, commit } from './flow/commit.ts'
export { type ConflateWithOptions, conflateWith } from './flow/conflate-with.ts'
export { BufferOverflowError, type FlowGate, type JobQueueOptions } from './flow/job-queue.ts'
export { type ProcessWithOptions, processWith } from './flow/process-with.ts'
export {
  type BranchOutput,
  type NamedBranches,
  type RouteOptions,
  route,
  type TypeBranches,
} from './flow/route.ts'
export { createJob, type Job, type JobOptions } from './job/create-job.ts'
export type { JobFeedFragment, JobFeedOptions } from './job/job-feed.ts'
export type { DeliverOptions, JobPipeline } from './job/job-pipeline.ts'
export type { JobStatus, SavedSnapshot, ShardStatus } from './job/job-status.ts'
export type { Delivery } from './job/outbox.ts'
export type { Shard } from './job/shard.ts'
export { type DedupeOptions, dedupe } from './keyed/dedupe.ts'
export type { KeyContext, KeyMoment } from './keyed/key-context.ts'
export type { KeyedOptions } from './keyed/keyed-options.ts'
export { type LagOptions, lag } from './keyed/lag.ts'
export { type ScanByKeyOptions, type StateEviction, scanByKey } from './keyed/scan-by-key.ts'
export { threshold } from './keyed/threshold.ts'
export type { LevelEvent, ThresholdOptions } from './keyed/threshold-options.ts'
export { type FeedEvent, type FeedFactories, type MergedFeeds, mergeFeeds } from './progress/merge-feeds.ts'
export {
  createProgress,
  type FeedConnectionState,
  type FeedFragment,
  type FeedGate,
  type FeedOptions,
  type FeedStatus,
  type FeedWatch,
  type Progress,
  type ProgressOptions,
} from './progress/progress.ts'
export { type DebounceByKeyOptions, debounceByKey } from './rate/debounce-by-key.ts'
export { type MeterOptions, meter, type Rate } from './rate/meter.ts'
export type { ByKeyOptions } from './rate/operate-by-key.ts'
export { RateLimitError, type RateLimitOptions, rateLimit } from './rate/rate-limit.ts'
export { type SampleByKeyOptions, sampleByKey } from './rate/sample-by-key.ts'
export { type ThrottleByKeyOptions, throttleByKey } from './rate/throttle-by-key.ts'
export { createStage } from './stage/create-stage.ts'
export type { StageOptions } from './stage/operate.ts'
export type { OnError, SideOutput } from './stage/side-output.ts'
export type { FeedCounts, Stage, StageChangesOptions, StageCounts } from './stage/stage.ts'
export type { Aggregates, CustomAggregate, NullableAggregate } from './window/aggregates.ts'
export { type CollectedWindow, type CollectWindowOptions, collectWindow } from './window/collect-window.ts'
export { type CountWindowOptions, countWindow } from './window/count-window.ts'
export type { EventTimeOptions, TimestampOptions } from './window/event-time.ts'
export { type GroupWithinOptions, groupWithin } from './window/group-within.ts'
export type {
  DroppedJoinEvent,
  JoinEvent,
  JoinKind,
  JoinSideOptions,
  JoinWithinOptions,
} from './window/join-options.ts'
export { joinWithin, type LeftOf, type RightOf } from './window/join-within.ts'
export { type LatestResultsOptions, latestResults } from './window/latest-results.ts'
export { reorder } from './window/reorder.ts'
export { type SlidingWindowOptions, slidingWindow } from './window/sliding-window.ts'
export {
  type CalendarOptions,
  hopping,
  session,
  type TumblingOptions,
  tumbling,
  type WindowSpec,
} from './window/spec.ts'
export { type WindowAggregateOptions, windowAggregate } from './window/window-aggregate.ts'
