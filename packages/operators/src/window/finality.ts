import type { Part } from '../engine/queues/contiguous-prefix.ts'
import { HeldParts } from '../engine/queues/held-parts.ts'
import { Queue } from '../engine/queues/queue.ts'
import type { WindowEngine } from '../engine/window-engine.ts'
import type { EventTracker } from '../stage/counts.ts'

/**
 * Tells a `commit` which events are final: those that are older than every window that has not fired. Of events that are final at
 * the same time, or sooner than one that came before, it keeps the first one of their sequence: nothing is saved past it until then.
 * So it keeps about one part for each open window.
 */
export class Finality {
  readonly #tracker: EventTracker
  /** In the order of arrival, each final later than the one before. */
  readonly #held = new Queue<{ readonly finalFrom: number; readonly parts: HeldParts<string> }>()
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

  /** The newest event is in a window. It is final as soon as `openFrom` of the windows has reached `finalFrom`. */
  hold(finalFrom: number): void {
    if (this.#newest === undefined) return
    const last = this.#held.last
    if (last !== undefined && last.finalFrom >= finalFrom) {
      const settled = last.parts.add(this.#newest)
      if (settled !== undefined) this.#tracker.onSettled(settled)
    } else this.#held.push({ finalFrom, parts: new HeldParts(this.#newest) })
  }

  /** The newest event is in no window. */
  settleNewest(): void {
    if (this.#newest !== undefined) this.#tracker.onSettled(this.#newest)
  }

  settle(windows: WindowEngine<unknown>): void {
    if (!this.hasFired) return
    this.hasFired = false
    this.#settleTo(windows.openFrom())
  }

  /** Every window has fired, and no other one will. With `fill` the next empty windows are open for good. */
  settleAll(): void {
    this.#settleTo(Number.POSITIVE_INFINITY)
  }

  #settleTo(from: number): void {
    for (
      let { first } = this.#held;
      first !== undefined && first.finalFrom <= from;
      first = this.#held.first
    ) {
      this.#held.shift()
      for (const part of first.parts) this.#tracker.onSettled(part)
    }
  }
}
