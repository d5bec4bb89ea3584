import type { MonoTypeOperatorFunction } from 'rxjs'
import { Heap } from '../engine/queues/heap.ts'
import { Watermark } from '../engine/watermark.ts'
import { operateInTurn } from '../stage/operate.ts'
import { reject } from '../stage/reject.ts'
import { type EventTimeOptions, eventTime } from './event-time.ts'

/**
 * Puts events that are a little out of order into the order of their timestamps; equal ones stay in the order of arrival.
 * An event is held until the watermark (the latest timestamp less `maxOutOfOrderness`) has come to it, so no more is held than
 * came within that time.
 *
 * ```ts
 * quakes$.pipe(reorder({ timestamp: (quake) => quake.time, maxOutOfOrderness: '10s', idle: '5s' }))
 * ```
 *
 * Emits when the watermark reaches an event's timestamp.
 * Drops events older than the watermark, to `late`; unusable ones, to `onInvalid` and `onError`.
 * Completes when the source completes, after what was held, in order.
 * Unsubscribes from the source at once; held events are discarded.
 */
export function reorder<T>(options: EventTimeOptions<T>): MonoTypeOperatorFunction<T> {
  const time = eventTime('reorder', options)
  return operateInTurn<T, T>(({ out, ledger, alarm }) => {
    const watermark = new Watermark(time)
    const held = new Heap<Held<T>>(
      (a, b) => a.timestamp < b.timestamp || (a.timestamp === b.timestamp && a.order < b.order),
    )
    let arrived = 0
    ledger.watermark = () => watermark.value

    let awaited = Number.POSITIVE_INFINITY
    const silence = alarm(time.scheduler, (now) => {
      watermark.advance(awaited, now)
      advance()
    })

    function advance(): void {
      release(watermark.value)
      if (time.idle === Number.POSITIVE_INFINITY) return
      awaited = held.peek()?.timestamp ?? Number.POSITIVE_INFINITY
      silence.set(watermark.reaches(awaited))
    }

    function release(mark: number): void {
      for (let next = held.peek(); next !== undefined && next.timestamp <= mark; next = held.peek()) {
        held.pop()
        ledger.out++
        out.next(next.event)
      }
    }

    return {
      next(event) {
        let timestamp: number
        try {
          timestamp = time.timestamp(event)
        } catch (error) {
          reject(ledger, time.onError, error, event)
          return
        }
        if (!Number.isFinite(timestamp)) {
          ledger.rejected++
          time.onInvalid?.(event)
          return
        }
        if (timestamp < watermark.value) {
          ledger.late++
          time.late?.(event)
        } else held.push({ timestamp, order: arrived++, event })
        // A late one moves no watermark, but the stream is not silent.
        watermark.observe(timestamp, time.scheduler)
        advance()
      },
      complete() {
        release(Number.POSITIVE_INFINITY)
        out.complete()
      },
    }
  })
}

interface Held<T> {
  readonly timestamp: number
  readonly order: number
  readonly event: T
}
