import { isPromise, type MaybePromise } from '@rxsse/shared'
import type { Cancel, Clock } from '../connection/clock.ts'
import { spread } from '../connection/retry.ts'
import type { EventLog, LogPosition, LogTail } from '../log/event-log.ts'

export interface TailHost {
  readonly clock: Clock
  readonly random: () => number
  /** The log refused its tail; it will be asked again. */
  readonly onError: (error: unknown) => void
}

export interface TailHandle {
  /** Where the tail begins, as soon as it does: never, where it is stopped before. */
  readonly begun: MaybePromise<LogPosition>
  stop(): void
}

/**
 * Begins the tail of a log, and asks again with growing waits for as long as the log refuses: without it nothing that
 * is published would go live, and nothing but the log knows when it can.
 */
export function startTail(
  open: NonNullable<EventLog['tail']>,
  listener: Parameters<NonNullable<EventLog['tail']>>[0],
  { clock, random, onError }: TailHost,
): TailHandle {
  let stopped = false
  let stopTail: (() => void) | undefined
  let cancel: Cancel | undefined
  return {
    begun: attempt(0),
    stop() {
      stopped = true
      cancel?.()
      stopTail?.()
    },
  }

  function attempt(tries: number): MaybePromise<LogPosition> {
    try {
      const tail = open(listener)
      return isPromise(tail) ? tail.then(taken, (error: unknown) => again(error, tries)) : taken(tail)
    } catch (error) {
      return again(error, tries)
    }
  }

  function taken({ position, stop }: LogTail): LogPosition {
    stopTail = stop
    if (stopped) stop()
    return position
  }

  function again(error: unknown, tries: number): Promise<LogPosition> {
    return new Promise((resolve) => {
      if (stopped) return
      const wait = spread(Math.min(FIRST_WAIT * 2 ** tries, LONGEST_WAIT), random)
      cancel = clock.after(wait, () => resolve(attempt(tries + 1)))
      onError(error)
    })
  }
}

/** Milliseconds, which become up to twice as many, so that nodes do not ask in step. */
const FIRST_WAIT = 500
const LONGEST_WAIT = 15_000
