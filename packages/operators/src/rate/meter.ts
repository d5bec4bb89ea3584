import { type Duration, parsePositiveDuration } from '@rxsse/shared'
import type { OperatorFunction, SchedulerLike } from 'rxjs'
import type { Part } from '../engine/queues/contiguous-prefix.ts'
import { createClock, shiftToDay } from '../stage/clock.ts'
import { emitResult, followEvent, settleEvent } from '../stage/follow.ts'
import { operateSerialized, type StageOptions } from '../stage/operate.ts'

export interface MeterOptions extends StageOptions {
  /** How often the rate is emitted. Default: `'1s'`. */
  readonly every?: Duration
  /** After this time an event counts half. Default: `'10s'`. */
  readonly halfLife?: Duration
  /** The clock and its timers. Default: `asyncScheduler`. */
  readonly scheduler?: SchedulerLike
}

export interface Rate {
  /** Events a second, as an exponentially weighted moving average. */
  readonly perSecond: number
  /** Events since the previous emission. */
  readonly count: number
  /** Events since the beginning. */
  readonly total: number
}

/** A rate below this, in events a second, counts as 0. */
const LOWEST_RATE = 0.001

/**
 * Measures how many events come a second. Recent events count more.
 *
 * Emits when `every` has passed, from the first event until the rate has fallen to 0, which is emitted too; then again from the next event.
 * Drops the events themselves, after counting them.
 * Completes when the source completes, after a last rate if events have come since the previous one.
 * Unsubscribes from the source at once.
 */
export function meter({
  every = '1s',
  halfLife = '10s',
  scheduler,
  stage,
}: MeterOptions = {}): OperatorFunction<unknown, Rate> {
  const interval = parsePositiveDuration(every, 'meter: every')
  const half = parsePositiveDuration(halfLife, 'meter: halfLife')
  const clock = createClock(scheduler)

  return operateSerialized<unknown, Rate>('meter', stage, ({ out, counts, createTimer }) => {
    counts.tracker?.onStart()
    /** The events since the previous emission, if a `commit` follows them. */
    let parts: (Part<string> | undefined)[] = []
    /** When the interval began. NaN while the rate is 0. */
    let since = Number.NaN
    let count = 0
    let total = 0
    let perSecond: number | undefined

    const timer = createTimer(clock, (now) => {
      emit(now)
      if (perSecond !== undefined) timer.set(now + interval)
    })

    function emit(now: number): void {
      // At least a whole interval: a stream that ends at once after its first event would have any rate.
      const elapsed = Math.max(now - since, interval)
      const current = (count * 1000) / elapsed
      const rate =
        perSecond === undefined ? current : current + (perSecond - current) * 0.5 ** (elapsed / half)
      const isOver = count === 0 && rate < LOWEST_RATE
      const emitted = { perSecond: isOver ? 0 : rate, count, total }
      perSecond = isOver ? undefined : rate
      since = isOver ? Number.NaN : now
      counts.out += count
      count = 0
      const counted = parts
      parts = []
      emitResult(counts, out, emitted)
      for (const part of counted) settleEvent(counts, part)
    }

    return {
      state: {
        shape: {},
        usesClock: true,
        *save(writer) {
          timer.save(writer)
          for (const number of [since + shiftToDay(clock), count, total]) writer.number(number)
          writer.value(perSecond)
          yield
        },
        restore(reader) {
          timer.load(reader, interval)
          since = Math.min(reader.number() - shiftToDay(clock), clock.now())
          count = reader.number()
          total = reader.number()
          perSecond = reader.value()
          // The timer of a stream that has completed is not set.
          if (!(Number.isNaN(since) || timer.isSet)) timer.set(clock.now() + interval)
        },
      },
      next(event) {
        if (counts.tracker !== undefined) parts.push(followEvent(counts, event))
        count++
        total++
        if (!Number.isNaN(since)) return
        since = clock.now()
        timer.set(since + interval)
      },
      complete() {
        if (count > 0) emit(clock.now())
        out.complete()
      },
    }
  })
}
