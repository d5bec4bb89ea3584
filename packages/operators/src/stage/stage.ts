import type { Duration } from '@rxsse/shared'
import type { Observable, SchedulerLike } from 'rxjs'
import type { FeedPhase } from '../engine/feed-watermarks.ts'
import type { Counts, EventTracker } from './counts.ts'
import type { Durability } from './operator-state.ts'

/** An operator's counts at one moment. `in = out + late + dropped + rejected + buffered` always holds. */
export interface StageCounts {
  readonly name: string
  readonly in: number
  /** Events (not results) that went on, alone or as part of a result. */
  readonly out: number
  readonly late: number
  /** Events that were filtered out, over a limit, evicted, or discarded when the stream ended early. */
  readonly dropped: number
  /** Unusable events: invalid, without a finite timestamp, or `onError` took an exception for them. */
  readonly rejected: number
  /** Events that the operator holds now. */
  readonly buffered: number
  readonly keys: number
  /** Milliseconds of event time. Undefined if the operator has no watermark or no event has come. */
  readonly watermark: number | undefined
  /** How far the watermark is behind the operator's clock, in milliseconds. */
  readonly watermarkLag: number | undefined
  /** Each feed's own watermark, if the operator has feeds. The one that holds the operator's watermark is the smallest. */
  readonly feeds: readonly FeedCounts[] | undefined
}

/** A feed of an operator, at one moment. */
export interface FeedCounts {
  readonly feed: string
  readonly phase: FeedPhase
  /** Milliseconds of event time. Undefined if no event has come. */
  readonly watermark: number | undefined
  /** How far the feed's watermark is behind the operator's clock, in milliseconds. */
  readonly watermarkLag: number | undefined
}

export interface StageChangesOptions {
  /** The shortest time between two emissions. 0 emits after each event. Default: `'1s'`. */
  readonly every?: Duration
  /** The clock and its timers. Default: `asyncScheduler`. */
  readonly scheduler?: SchedulerLike
}

/**
 * A handle for one operator of a pipeline. Pass it to the operator as `stage`, then read or observe its counts here,
 * or give it to `commit` as `after`. One subscription to one operator uses it at a time; the next one starts anew.
 */
export interface Stage {
  readonly name: string
  /** The counts now. After the end they stay as they were, until the operator is subscribed again. */
  counts(): StageCounts
  /**
   * Emits the counts while they change, and once more when the operator's subscription has ended, however it ends. It does
   * not complete, because the operator may be subscribed again. No timer runs while nothing changes.
   */
  changes(options?: StageChangesOptions): Observable<StageCounts>
}

/** A stage as operators see it. */
export interface AttachableStage extends Stage {
  /** A subscription to the operator starts. Throws if another one uses the stage. */
  attach(operator: string, counts: Counts): void
  /** Only of a job: saves and restores the state of the attached operator. `fail` errors its stream. Throws if it cannot. */
  keep?(state: Durability, fail: (error: unknown) => void): void
  /** The subscription has ended. */
  detach(): void
  /** Lets `tracker` follow the operator's events. The operator must not be subscribed yet. Returns a teardown. */
  follow(tracker: EventTracker): () => void
}

export function isAttachable(stage: Stage): stage is AttachableStage {
  return typeof (stage as Partial<AttachableStage> | null)?.attach === 'function'
}
