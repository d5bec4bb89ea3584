import { asyncScheduler, type MonoTypeOperatorFunction, type SchedulerLike } from 'rxjs'
import { type Duration, milliseconds } from '../duration.ts'
import type { Ledger } from '../stage/counts.ts'
import { attach } from '../stage/operate.ts'
import { type SideOutput, toSideOutput } from '../stage/side-output.ts'
import { Alarm } from '../stage/timer.ts'

/** What has become of the events that entered an operator. At every moment `in = out + late + dropped + rejected + buffered`. */
export interface Measurements {
  readonly name: string
  readonly in: number
  /** Events (not results) that went on, alone or as a part of a result. */
  readonly out: number
  readonly late: number
  /** Filtered out, over a limit, evicted, or discarded with the state when the stream ended early. */
  readonly dropped: number
  /** Unusable: invalid, without a finite timestamp, or cause of an exception that `onError` took. */
  readonly rejected: number
  /** Held at this moment. */
  readonly buffered: number
  /** Keys with state. */
  readonly keys: number
  /** Milliseconds of event time; undefined where the operator has no watermark or no event has come. */
  readonly watermark: number | undefined
  /** How far the watermark is behind the clock, in milliseconds. */
  readonly watermarkLag: number | undefined
}

export interface InstrumentOptions {
  /** The shortest time from one report to the next; 0 reports after each event. Default: `'1s'`. */
  readonly every?: Duration
  /** The clock and its timers. Default: `asyncScheduler`. */
  readonly scheduler?: SchedulerLike
}

/**
 * Reports on the operator above it in the pipe. Under an operator that is not of this package it counts what passes.
 *
 * ```ts
 * quakes$.pipe(windowAggregate(tumbling('1h'), {...}), instrument('quakes an hour', (m) => console.log(m.late, m.watermarkLag)))
 * ```
 *
 * Reports come while there is something new, and once more when the stream has ended, however it ends. An exception in
 * `observer` errors the stream.
 *
 * Emits when the source emits.
 * Drops nothing.
 * Completes when the source completes; the last report follows.
 * Unsubscribes from the source at once, and then reports what was discarded.
 */
export function instrument<T>(
  name: string,
  observer: SideOutput<Measurements>,
  { every = '1s', scheduler = asyncScheduler }: InstrumentOptions = {},
): MonoTypeOperatorFunction<T> {
  const interval = milliseconds('instrument: every', every)
  const report = toSideOutput('instrument: observer', observer)
  if (report === undefined) throw new TypeError('instrument needs an observer')

  return attach((out, ledger) => {
    let told = ''
    let isPaced = false

    function tell(): void {
      const measurements = measure(name, ledger, scheduler)
      // A lag that grows by itself is nothing new.
      const news = JSON.stringify({ ...measurements, watermarkLag: undefined })
      if (news === told) return
      told = news
      report?.(measurements)
    }
    const pace = new Alarm(scheduler, () => {
      isPaced = false
      try {
        tell()
      } catch (error) {
        out.error(error)
      }
    })
    const others = ledger.onChange
    ledger.onChange = () => {
      others?.()
      // What ends the stream has changed the counts as well, and has been told of when it ended.
      if (out.closed) return
      if (interval === 0) tell()
      else if (!isPaced) {
        isPaced = true
        pace.set(scheduler.now() + interval)
      }
    }
    out.add(pace)
    out.add(() => {
      ledger.discard()
      tell()
    })
    return out
  })
}

function measure(name: string, ledger: Ledger, scheduler: SchedulerLike): Measurements {
  const mark = ledger.watermark()
  const watermark = mark === Number.NEGATIVE_INFINITY ? undefined : mark
  return {
    name,
    in: ledger.in,
    out: ledger.out,
    late: ledger.late,
    dropped: ledger.dropped,
    rejected: ledger.rejected,
    buffered: ledger.buffered,
    keys: ledger.keys(),
    watermark,
    watermarkLag: watermark === undefined ? undefined : scheduler.now() - watermark,
  }
}
