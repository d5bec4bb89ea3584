import type { Part } from '../engine/queues/contiguous-prefix.ts'

/**
 * The counts of one subscription to an operator. An event that came in and is in no other count is buffered.
 * So `in = out + late + dropped + rejected + buffered` holds at every moment, also inside a callback.
 */
export class Counts {
  in = 0
  /** Events that went on, alone or as part of a result. */
  out = 0
  /** Events that came too late for every window they belong to. */
  late = 0
  /** Events left out on purpose: filtered, over a limit, evicted, or discarded with the state. */
  dropped = 0
  /** Unusable events: invalid, without a finite timestamp, or a callback threw. */
  rejected = 0

  /** Keys with state, if the operator keeps state by key. */
  keys: () => number = () => 0
  /** The watermark, if the operator has one. */
  watermark: () => number | undefined = () => undefined
  /** The clock that the watermark is compared with. */
  clock: { now(): number } | undefined = undefined

  /** Called after each event and each timer that may have changed the counts. */
  onChange: (() => void) | undefined = undefined

  /** Follows events that the caller's function handles. Set if a `commit` waits for this operator. */
  tracker: EventTracker | undefined = undefined

  get buffered(): number {
    return this.in - this.out - this.late - this.dropped - this.rejected
  }

  /** The subscription has ended: what is buffered is dropped, and the operator's state can be collected. */
  end(): void {
    this.dropped += this.buffered
    const [keys, watermark] = [this.keys(), this.watermark()]
    this.keys = () => keys
    this.watermark = () => watermark
    this.onChange = undefined
  }
}

/** Follows events from their arrival until they are handled, in any order. */
export interface EventTracker {
  /** The operator starts. What an earlier subscription held does not come back. */
  onStart(): void
  /** An event has arrived. The result stands for it in the other methods. */
  onArrival(event: unknown): Part<string>
  /** An event was merged into the part of an earlier one. */
  onMerge(part: Part<string>, event: unknown): void
  /** The part was handled, rejected or dropped. */
  onSettled(part: Part<string>): void
}
