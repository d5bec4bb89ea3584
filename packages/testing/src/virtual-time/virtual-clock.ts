import { VirtualAction, VirtualTimeScheduler } from 'rxjs'

/** A scheduler whose time, in milliseconds from 0, goes where a test sends it, and runs what falls due on the way. */
export class VirtualClock extends VirtualTimeScheduler {
  constructor() {
    super(VirtualAction, 0)
  }

  /** Timers that are set. An operator that was unsubscribed has left none. */
  get timers(): number {
    return this.actions.filter((action) => !action.closed).length
  }

  /** Runs what is due up to and at `time`, in order, and stands there. A time that has passed runs what is due now. */
  advanceTo(time: number): void {
    if (!Number.isFinite(time))
      throw new RangeError(`time must be a finite number of milliseconds, got ${time}`)
    this.maxFrames = Math.max(time, this.frame)
    this.flush()
    this.frame = this.maxFrames
  }

  /** As `advanceTo`, from now. */
  advanceBy(milliseconds: number): void {
    this.advanceTo(this.frame + milliseconds)
  }

  /** Runs every timer there is, and those that they set; stands at the last. Does not return where a timer always sets another. */
  runOut(): void {
    this.maxFrames = Number.POSITIVE_INFINITY
    this.flush()
  }
}
