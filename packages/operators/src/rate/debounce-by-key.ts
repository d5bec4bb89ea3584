import { type Duration, parsePositiveDuration } from '@rxsse/shared'
import type { MonoTypeOperatorFunction } from 'rxjs'
import type { Primitive } from '../engine/keyed-state/key.ts'
import { type Scheduled, TimerQueue } from '../engine/queues/timer-queue.ts'
import { operateSerialized } from '../stage/operate.ts'
import { rejectEvent } from '../stage/side-output.ts'
import { type ByKeyOptions, resolveByKeyOptions } from './by-key-options.ts'

export interface DebounceByKeyOptions<T> extends ByKeyOptions<T> {
  /** How long a key must be quiet before its latest event is emitted. */
  readonly quiet: Duration
  /** The longest wait of a key that is never quiet, from its first held event. Default: no limit. */
  readonly maxWait?: Duration
}

/**
 * Passes on the latest event of each key when the key has been quiet for a while: RxJS's `debounceTime` by key,
 * with one timer for all keys.
 *
 * Emits when a key has been quiet for `quiet`, or its first held event is `maxWait` old.
 * Drops events that a later one has replaced, to `onDropped`.
 * Completes when the source completes, after the held events, in the order in which they were due.
 * Unsubscribes from the source at once; held events are discarded.
 */
export function debounceByKey<T>(options: DebounceByKeyOptions<T>): MonoTypeOperatorFunction<T> {
  const { identify, maxKeys, onDropped, onError, clock } = resolveByKeyOptions('debounceByKey', options)
  const quiet = parsePositiveDuration(options.quiet, 'debounceByKey: quiet')
  const maxWait =
    options.maxWait === undefined
      ? Number.POSITIVE_INFINITY
      : parsePositiveDuration(options.maxWait, 'debounceByKey: maxWait')

  return operateSerialized<T, T>('debounceByKey', options.stage, ({ out, counts, createTimer }) => {
    const held = new Map<Primitive, Held<T>>()
    const queue = new TimerQueue<Held<T>>()
    let order = 0
    counts.keys = () => held.size
    const timer = createTimer(clock, (now) => {
      for (let next = queue.takeDue(now); next !== undefined; next = queue.takeDue(now)) {
        // A later event moves only `due`. The queue learns of it here.
        if (next.due > now) queue.schedule(next, next.due)
        else emit(next)
      }
      timer.set(queue.next())
    })

    function emit(entry: Held<T>): void {
      queue.schedule(entry, Number.POSITIVE_INFINITY)
      held.delete(entry.id)
      counts.out++
      out.next(entry.event)
    }

    function hold(id: Primitive, event: T, now: number): void {
      const due = now + Math.min(quiet, maxWait)
      const entry: Held<T> = {
        id,
        event,
        due,
        latest: now + maxWait,
        order: order++,
        at: Number.POSITIVE_INFINITY,
      }
      held.set(id, entry)
      queue.schedule(entry, due)
      timer.set(queue.next())
      if (held.size <= maxKeys) return
      for (const oldest of held.values()) {
        emit(oldest)
        break
      }
    }

    return {
      next(event) {
        let id: Primitive
        try {
          id = identify(event)
        } catch (error) {
          rejectEvent(counts, onError, error, event)
          return
        }
        const now = clock.now()
        const entry = held.get(id)
        if (entry === undefined) {
          hold(id, event, now)
          return
        }
        const replaced = entry.event
        entry.event = event
        entry.due = Math.min(now + quiet, entry.latest)
        counts.dropped++
        onDropped?.(replaced)
      },
      complete() {
        for (const entry of [...held.values()].sort((a, b) => a.due - b.due || a.order - b.order)) emit(entry)
        out.complete()
      },
    }
  })
}

interface Held<T> extends Scheduled {
  readonly id: Primitive
  event: T
  due: number
  /** The latest that `due` may become. */
  readonly latest: number
}
