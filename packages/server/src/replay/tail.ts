import { isPromise, type MaybePromise } from '@rxsse/shared'
import type { Cancel, Clock } from '../connection/clock.ts'
import { addJitter } from '../connection/reconnection-time.ts'
import type { EventLog, LogPosition, LogTail, TailListener } from '../log/event-log.ts'

export interface TailHost {
  readonly clock: Clock
  readonly random: () => number
  /** The log's `tail` failed. It will be tried again. */
  readonly onError: (error: unknown) => void
}

export interface TailHandle {
  /** Where the tail starts. It never resolves if the tail is stopped before. */
  readonly position: MaybePromise<LogPosition>
  stop(): void
}

/** Starts the tail of a log. If that fails, it tries again after growing delays until it succeeds. */
export function startTail(
  tail: NonNullable<EventLog['tail']>,
  listener: TailListener,
  { clock, random, onError }: TailHost,
): TailHandle {
  let stopped = false
  let stopTail: (() => void) | undefined
  let cancelRetry: Cancel | undefined
  return {
    position: start(0),
    stop() {
      stopped = true
      cancelRetry?.()
      stopTail?.()
    },
  }

  function start(failures: number): MaybePromise<LogPosition> {
    try {
      const started = tail(listener)
      return isPromise(started)
        ? started.then(accept, (error: unknown) => retry(error, failures))
        : accept(started)
    } catch (error) {
      return retry(error, failures)
    }
  }

  function accept({ position, stop }: LogTail): LogPosition {
    stopTail = stop
    if (stopped) stop()
    return position
  }

  function retry(error: unknown, failures: number): Promise<LogPosition> {
    return new Promise((resolve) => {
      if (stopped) return
      const delay = addJitter(Math.min(FIRST_DELAY_MS * 2 ** failures, MAX_DELAY_MS), random)
      cancelRetry = clock.after(delay, () => resolve(start(failures + 1)))
      onError(error)
    })
  }
}

/** Jitter makes a delay up to twice as long. */
const FIRST_DELAY_MS = 500
const MAX_DELAY_MS = 15_000
