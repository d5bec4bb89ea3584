import type { Part } from '../engine/queues/contiguous-prefix.ts'
import { Heap } from '../engine/queues/heap.ts'
import type { WindowEngine } from '../engine/window-engine.ts'
import type { EventTracker } from '../stage/counts.ts'

/** Tells a `commit` which events are final: those that are older than every window that has not fired. */
export class Finality {
  readonly #tracker: EventTracker
  readonly #held = new Heap<{ readonly timestamp: number; readonly part: Part<string> }>(
    (a, b) => a.timestamp < b.timestamp,
  )
  #newest: Part<string> | undefined
  /** Whether a window has fired since the last `settle`. Otherwise nothing new is final. */
  hasFired = false

  constructor(tracker: EventTracker) {
    this.#tracker = tracker
    tracker.onStart()
  }

  onArrival(event: unknown): void {
    this.#newest = this.#tracker.onArrival(event)
  }

  /** The newest event is in a window. */
  hold(timestamp: number): void {
    if (this.#newest !== undefined) this.#held.push({ timestamp, part: this.#newest })
    // It may have come to a window that has fired, so that it is final at once.
    this.hasFired = true
  }

  /** The newest event is in no window. */
  settleNewest(): void {
    if (this.#newest !== undefined) this.#tracker.onSettled(this.#newest)
  }

  settle(windows: WindowEngine<unknown>): void {
    if (!this.hasFired) return
    this.hasFired = false
    const from = windows.openFrom()
    for (
      let oldest = this.#held.peek();
      oldest !== undefined && oldest.timestamp < from;
      oldest = this.#held.peek()
    ) {
      this.#held.pop()
      this.#tracker.onSettled(oldest.part)
    }
  }
}
