import { VirtualAction, VirtualTimeScheduler } from 'rxjs'

/** A clock that stands still until it is told. */
export interface Clock {
  readonly scheduler: VirtualTimeScheduler
  /** Runs what is due within so many milliseconds, in order, and then stands that much later. */
  advance(milliseconds: number): void
  /** How many timers are set. */
  readonly timers: number
}

export function createClock(): Clock {
  const scheduler = new VirtualTimeScheduler(VirtualAction, 0)
  return {
    scheduler,
    advance(milliseconds) {
      scheduler.schedule(() => {}, milliseconds)
      scheduler.maxFrames = scheduler.frame + milliseconds
      scheduler.flush()
    },
    get timers() {
      return scheduler.actions.filter((action) => !action.closed).length
    },
  }
}
