import { asyncScheduler, type SchedulerAction, type SchedulerLike } from 'rxjs'

/** The time and the timers of an endpoint. A test drives them with a virtual scheduler. */
export interface Clock {
  /** Milliseconds since an arbitrary moment. Only differences mean something. */
  now(): number
  /** The time of day, in milliseconds since 1970. It may be set forward or back. */
  timeOfDay(): number
  after(milliseconds: number, work: () => void): Cancel
  every(milliseconds: number, work: () => void): Cancel
}

export type Cancel = () => void

export function createClock(scheduler: SchedulerLike): Clock {
  return {
    // asyncScheduler.now() is the time of day, which may be set forward or back. Timers ignore that.
    now: scheduler === asyncScheduler ? () => performance.now() : () => scheduler.now(),
    timeOfDay: () => scheduler.now(),
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
