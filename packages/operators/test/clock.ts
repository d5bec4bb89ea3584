import { VirtualTimeScheduler } from 'rxjs'

/** Virtual time that goes where a test sends it, running what falls due on the way. */
export class Clock extends VirtualTimeScheduler {
  /** Timers that are set. */
  get timers(): number {
    return this.actions.length
  }

  advanceTo(time: number): void {
    this.maxFrames = time
    this.flush()
    this.frame = Math.max(this.frame, time)
  }

  advanceBy(milliseconds: number): void {
    this.advanceTo(this.now() + milliseconds)
  }

  /** Runs every timer there is, and those that they set. */
  runOut(): void {
    this.maxFrames = Number.POSITIVE_INFINITY
    this.flush()
  }
}
