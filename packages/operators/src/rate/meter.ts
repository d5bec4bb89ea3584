import { asyncScheduler, type OperatorFunction, type SchedulerLike } from 'rxjs'
import { type Duration, positiveMilliseconds } from '../duration.ts'
import { operateInTurn } from '../stage/operate.ts'

export interface MeterOptions {
  /** How often the rate is given. Default: `'1s'`. */
  readonly every?: Duration
  /** After this time an event counts half. Default: `'10s'`. */
  readonly halfLife?: Duration
  /** The clock and its timers. Default: `asyncScheduler`. */
  readonly scheduler?: SchedulerLike
}

export interface Rate {
  /** Events a second, as an exponentially weighted moving average. */
  readonly perSecond: number
  /** Events since the rate was last given. */
  readonly count: number
  /** Events since the beginning. */
  readonly total: number
}

/** Below this many events a second a rate has died away. */
const NOTHING = 0.001

/**
 * How many events come a second, averaged so that the recent ones count more.
 *
 * Emits when `every` has passed, from the first event on until the rate has died away, ending with a rate of 0; then again from the next event on.
 * Drops the events themselves: they are what is counted.
 * Completes when the source completes, after the rate up to then if anything has come since the last one.
 * Unsubscribes from the source at once.
 */
export function meter({
  every = '1s',
  halfLife = '10s',
  scheduler = asyncScheduler,
}: MeterOptions = {}): OperatorFunction<unknown, Rate> {
  const interval = positiveMilliseconds('meter: every', every)
  const half = positiveMilliseconds('meter: halfLife', halfLife)

  return operateInTurn<unknown, Rate>(({ out, ledger, alarm }) => {
    // NaN while there is no rate to speak of.
    let since = Number.NaN
    let count = 0
    let total = 0
    let perSecond: number | undefined

    const tick = alarm(scheduler, (now) => {
      give(now)
      if (perSecond !== undefined) tick.set(now + interval)
    })

    function give(now: number): void {
      // Never over less than a whole interval: the first event of a stream that ends at once would come at any rate one likes.
      const elapsed = Math.max(now - since, interval)
      const current = (count * 1000) / elapsed
      const rate =
        perSecond === undefined ? current : current + (perSecond - current) * 0.5 ** (elapsed / half)
      const isOver = count === 0 && rate < NOTHING
      const given = { perSecond: isOver ? 0 : rate, count, total }
      perSecond = isOver ? undefined : rate
      since = isOver ? Number.NaN : now
      ledger.out += count
      count = 0
      out.next(given)
    }

    return {
      next() {
        count++
        total++
        if (!Number.isNaN(since)) return
        since = scheduler.now()
        tick.set(since + interval)
      },
      complete() {
        if (count > 0) give(scheduler.now())
        out.complete()
      },
    }
  })
}
