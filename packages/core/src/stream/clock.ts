import { asyncScheduler, type Observable, type SchedulerLike, timer } from 'rxjs'

/** Time as a stream sees it, in milliseconds. */
export interface Clock {
  /** The time since some moment. It never goes back and never jumps, so durations are measured with it. */
  now(): number
  /** The time of day, which somebody may set. Only dates of the server are compared with it. */
  timeOfDay(): number
  /** Emits once, after `delay`. */
  timer(delay: number): Observable<unknown>
}

/**
 * The clock of a scheduler. The schedulers of RxJS tell the time of day, so the platform's monotonic clock stands in for them
 * (High Resolution Time, W3C). The `now` of any other scheduler must not go back.
 */
export function createClock(scheduler: SchedulerLike): Clock {
  const timeOfDay = (): number => scheduler.now()
  return {
    now: scheduler.now === asyncScheduler.now ? () => performance.now() : timeOfDay,
    timeOfDay,
    timer: (delay) => timer(Math.ceil(delay), scheduler),
  }
}
