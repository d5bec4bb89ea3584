/**
 * Where each event that entered an operator is now. An event that has entered and not been accounted for is held,
 * so conservation (in = out + late + dropped + rejected + buffered) holds at every moment, also inside a callback.
 */
export class Ledger {
  in = 0
  /** Gone downstream, alone or as a part of a result. */
  out = 0
  /** Too late for every window it belongs to. */
  late = 0
  /** Left out on purpose: filtered, over a limit, evicted, or discarded with the state. */
  dropped = 0
  /** Unusable: does not parse, does not fit its schema, has no finite timestamp, or made a callback throw. */
  rejected = 0

  /** Keys with state, where the operator keeps any. */
  keys: () => number = () => 0
  /** The event-time watermark, where the operator has one. */
  watermark: () => number | undefined = () => undefined

  /** Called after each event and each timer that may have changed the counts. */
  onChange: (() => void) | undefined = undefined

  /** Told by operators that hand events to the caller's code which of them has been handled. */
  tracker: Tracker | undefined = undefined

  get buffered(): number {
    return this.in - this.out - this.late - this.dropped - this.rejected
  }

  /** The state is gone, and with it what was held. */
  discard(): void {
    this.dropped += this.buffered
  }
}

/** Follows events from their arrival until they have been handled, in whatever order that happens. */
export interface Tracker {
  /** An event has come in; the answer stands for it. */
  arrived(event: unknown): number
  /** Another event has become one with what `ticket` stands for. */
  joined(ticket: number, event: unknown): void
  /** What `ticket` stands for has been handled, or given up. */
  handled(ticket: number): void
}
