import type { FeedMark } from '../engine/feed-watermarks.ts'
import type { Part } from '../engine/queues/contiguous-prefix.ts'
import type { Clock } from './clock.ts'

/**
 * The counts of one subscription to an operator, as `StageCounts` explains them. An event that came
 * in and is in no other count is buffered, so the counts add up at every moment, also in a callback.
 */
export class Counts {
  in = 0
  out = 0
  late = 0
  dropped = 0
  rejected = 0
  /** The source has completed, and nothing that the operator held was lost. */
  isComplete = false
  /** Of an operator that a job drains: whether it has emitted, or may emit, when its source does not. */
  isAsynchronous = true
  keys: () => number = () => 0
  watermark: () => number | undefined = () => undefined
  /** The feeds' own watermarks, if the operator has feeds. */
  feeds: (() => readonly FeedMark[]) | undefined = undefined
  /** The clock that the watermark is compared with. */
  clock: Clock | undefined = undefined

  /** Called after each event and each timer that may have changed the counts. */
  onChange: (() => void) | undefined = undefined

  /** Follows the operator's events. Set if a `commit` waits for them. */
  tracker: EventTracker | undefined = undefined

  /** Names the results that `emit` emits, when somebody asks. Set if the operator is a stage of a job. */
  identify: ((identity: () => string, emit: () => void) => void) | undefined = undefined

  get buffered(): number {
    return this.in - this.out - this.late - this.dropped - this.rejected
  }

  /** The state is discarded, with everything that is buffered. */
  discard(): void {
    if (this.buffered > 0) this.isComplete = false
    this.dropped += this.buffered
  }
}

/** Follows events from their arrival until they are handled, in any order. */
export interface EventTracker {
  /** The operator starts. What an earlier subscription held does not come back. */
  onStart(): void
  /** An event has arrived. The result stands for it in the other methods. Throws if it cannot be followed. */
  onArrival(event: unknown): Part<string>
  /** Runs `work`, which emits what the part has become, or not. Then the part is settled, unless a stage below has taken it over. */
  passOn(part: Part<string>, counts: Counts, work: () => void): void
  /** Runs `work`, which emits a result of several events. Parts that are settled from now on wait until the stages below have handled it. */
  emitResult(work: () => void): void
  /** An event was merged into the part of an earlier one. */
  onMerge(part: Part<string>, event: unknown): void
  /** The part was handled, rejected or dropped. */
  onSettled(part: Part<string>): void
}
