import { VirtualTimeScheduler } from 'rxjs'

/** Virtual time that a test advances. */
export class ManualScheduler extends VirtualTimeScheduler {
  override maxFrames = 0

  advance(milliseconds: number): void {
    this.maxFrames += milliseconds
    this.flush()
    this.frame = this.maxFrames
  }
}
