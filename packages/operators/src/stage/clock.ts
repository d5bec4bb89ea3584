import { asyncScheduler, type SchedulerLike, type Subscription } from 'rxjs'

/** Time as operators see it. Its parts are whole milliseconds. */
export interface Clock {
  /** The time since some moment. It never goes back and never jumps, so durations are measured with it. */
  now(): number
  /**
   * The time of day for events without a timestamp. It starts at the system's
   * clock and goes on with `now`, so that a clock that is set back makes nothing late.
   */
  timeOfDay(): number
  /** As {@link timeOfDay}, but not behind the system's clock, for timestamps that others have made. */
  latestTimeOfDay(): number
  /** From now on `timeOfDay` goes on from `time`, where an earlier process stopped, if it is behind that. */
  goOnFrom(time: number): void
  schedule(work: () => void, delay: number): Subscription
}

/** What turns a time of `now` into one of the day, which the next process has too. */
export function shiftToDay(clock: Clock): number {
  return clock.timeOfDay() - clock.now()
}

/**
 * The clock of a scheduler. The schedulers of RxJS tell the time of day, which somebody may set ahead or back, so their clock
 * is the platform's monotonic one (High Resolution Time, W3C). The `now` of any other scheduler must not go back.
 */
export function createClock(scheduler: SchedulerLike = asyncScheduler): Clock {
  const schedule = (work: () => void, delay: number) => scheduler.schedule(work, delay)
  /** How far the time of day is ahead of the clock. */
  let ahead = 0
  const goOn = (timeOfDay: () => number, time: number) => {
    ahead += Math.max(0, time - timeOfDay())
  }
  if (scheduler.now !== asyncScheduler.now) {
    const timeOfDay = () => scheduler.now() + ahead
    return {
      now: () => scheduler.now(),
      timeOfDay,
      latestTimeOfDay: timeOfDay,
      goOnFrom: (time) => goOn(timeOfDay, time),
      schedule,
    }
  }
  // The global is a getter in Node, which costs a quarter of reading the time.
  const { performance } = globalThis
  const origin = scheduler.now() - performance.now()
  const timeOfDay = () => Math.floor(origin + performance.now()) + ahead
  return {
    now: () => Math.floor(performance.now()),
    timeOfDay,
    latestTimeOfDay: () => Math.max(timeOfDay(), scheduler.now()),
    goOnFrom: (time) => goOn(timeOfDay, time),
    schedule,
  }
}
