import type { MonoTypeOperatorFunction } from 'rxjs'
import type { Part } from '../engine/queues/contiguous-prefix.ts'
import { type Timestamped, TimestampQueue } from '../engine/queues/timestamp-queue.ts'
import { emitEvent, followEvent, settleEvent } from '../stage/follow.ts'
import { operateSerialized } from '../stage/operate.ts'
import { loadItems, saveItems } from '../stage/operator-state.ts'
import { rejectEvent } from '../stage/side-output.ts'
import { type EventTimeOptions, resolveEventTime } from './event-time.ts'
import { createWatermarkSource } from './watermark-source.ts'

/**
 * Sorts events that are a little out of order by timestamp. Equal timestamps stay in the order of arrival.
 * An event is held until the watermark (the latest timestamp minus `maxOutOfOrderness`) reaches it, so at most the events
 * of that time are held.
 *
 * ```ts
 * quakes$.pipe(reorder({ timestamp: (quake) => quake.time, maxOutOfOrderness: '10s', idle: '5s' }))
 * ```
 *
 * Emits when the watermark reaches an event's timestamp.
 * Drops events older than the watermark, to `late`; unusable ones, to `onInvalid` and `onError`.
 * Completes when the source completes, after the held events, in order.
 * Unsubscribes from the source at once; held events are discarded.
 */
export function reorder<T>(options: EventTimeOptions<T>): MonoTypeOperatorFunction<T> {
  const time = resolveEventTime('reorder', options)
  return operateSerialized<T, T>('reorder', options.stage, (context) => {
    const { out, counts } = context
    counts.tracker?.onStart()
    const held = new TimestampQueue<WaitingEvent<T>>()
    let arrived = 0

    const timeSource = createWatermarkSource(context, time, {
      advance: () => release(watermark.value),
      next: () => held.peek()?.timestamp ?? Number.POSITIVE_INFINITY,
    })

    const { watermark, readFeed, observe, setTimer } = timeSource

    function release(mark: number): void {
      for (let next = held.peek(); next !== undefined && next.timestamp <= mark; next = held.peek()) {
        held.shift()
        emit(next)
      }
    }

    function emit({ event, part }: WaitingEvent<T>): void {
      emitEvent(counts, out, event, part)
    }

    return {
      state: {
        shape: { progress: options.progress !== undefined },
        usesClock: time.usesClock,
        *save(writer) {
          timeSource.save(writer)
          writer.number(arrived)
          yield* saveItems(writer, held.items(), ({ timestamp, order, event }) => {
            writer.number(timestamp)
            writer.number(order)
            writer.value(event)
          })
        },
        restore(reader) {
          timeSource.load(reader)
          arrived = reader.number()
          loadItems(reader, () => {
            const timestamp = reader.number()
            held.push({ timestamp, order: reader.number(), event: reader.value<T>(), part: undefined })
          })
          setTimer?.()
        },
      },
      next(event) {
        const part = followEvent(counts, event)
        let timestamp: number
        try {
          timestamp = time.timestamp(event)
          readFeed?.(event)
        } catch (error) {
          rejectEvent(counts, time.onError, error, event)
          settleEvent(counts, part)
          return
        }
        if (!Number.isFinite(timestamp)) {
          counts.rejected++
          time.onInvalid?.(event)
          settleEvent(counts, part)
          return
        }
        if (timestamp < watermark.value) {
          counts.late++
          time.late?.(event)
          settleEvent(counts, part)
        } else held.push({ timestamp, order: arrived++, event, part })
        // A late event does not move the watermark, but it ends the silence.
        observe(timestamp)
        release(watermark.value)
        setTimer?.()
      },
      complete() {
        release(Number.POSITIVE_INFINITY)
        out.complete()
      },
    }
  })
}

interface WaitingEvent<T> extends Timestamped {
  readonly event: T
  readonly part: Part<string> | undefined
}
