import { asyncScheduler, type SchedulerAction, type SchedulerLike } from 'rxjs'

/** Time, as the sink's parts see it: what a test drives with a virtual scheduler. */
export interface Clock {
  /** Milliseconds from some moment or other: to tell how much time has passed. */
  now(): number
  after(milliseconds: number, work: () => void): Cancel
  every(milliseconds: number, work: () => void): Cancel
}

export type Cancel = () => void

export function createClock(scheduler: SchedulerLike): Clock {
  return {
    // asyncScheduler tells the time of day, which may be set an hour ahead or back; its timers take no notice of that.
    now: scheduler === asyncScheduler ? () => performance.now() : () => scheduler.now(),
    after(milliseconds, work) {
      const timer = scheduler.schedule(work, milliseconds)
      return () => timer.unsubscribe()
    },
    every(milliseconds, work) {
      const timer = scheduler.schedule(function (this: SchedulerAction<undefined>) {
        work()
        this.schedule(undefined, milliseconds)
      }, milliseconds)
      return () => timer.unsubscribe()
    },
  }
}

/**
 * Runs `work` when what is running now is done: after the events that are ready to be handled, where the
 * runtime can say so, so that all they publish goes out in one write.
 */
export function endOfTick(work: () => void): void {
  if (typeof setImmediate === 'function') setImmediate(work)
  else setTimeout(work, 0)
}
