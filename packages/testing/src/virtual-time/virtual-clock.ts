import { optionError } from '@rxsse/shared'
import { VirtualAction, VirtualTimeScheduler } from 'rxjs'

/** A scheduler in virtual time. A test advances the time, in milliseconds from 0, which runs the timers that become due. */
export class VirtualClock extends VirtualTimeScheduler {
  constructor() {
    super(VirtualAction, 0)
  }

  /** The number of timers that are set. An operator that was unsubscribed must have left none. */
  get timers(): number {
    return this.actions.filter((action) => !action.closed).length
  }

  /** Runs the timers due up to `time`, in order. If `time` has passed already, runs those that are due now. */
  advanceTo(time: number): void {
    if (!Number.isFinite(time)) throw optionError('time', 'a finite number of milliseconds', time)
    this.maxFrames = Math.max(time, this.frame)
    this.flush()
    this.frame = this.maxFrames
  }

  /** Runs the timers due within `milliseconds` from now, in order. */
  advanceBy(milliseconds: number): void {
    this.advanceTo(this.frame + milliseconds)
  }

  /** Runs all timers, and the timers that they set. Never returns if every timer sets another one. */
  runOut(): void {
    this.maxFrames = Number.POSITIVE_INFINITY
    this.flush()
  }
}
