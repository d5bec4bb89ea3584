import { type Duration, parsePositiveDuration } from '@rxsse/shared'
import type { MonoTypeOperatorFunction } from 'rxjs'
import type { Primitive } from '../engine/keyed-state/key.ts'
import { loadItems, saveItems } from '../stage/operator-state.ts'
import { type ByKeyOptions, type Held, operateByKey } from './operate-by-key.ts'

export interface SampleByKeyOptions<T> extends ByKeyOptions<T> {
  /** How long events are held, counted from the first one. */
  readonly every: Duration
}

/**
 * Passes on the latest event of each key, at most once in `every`: for readers that want each instrument's last price, not
 * every price. While no events come it emits nothing and runs no timer.
 *
 * Emits when `every` has passed since the first held event: all held events, in the order in which their keys came.
 * Drops events that a later one has replaced, to `onDropped`.
 * Completes when the source completes, after the held events.
 * Unsubscribes from the source at once; held events are discarded.
 */
export function sampleByKey<T>(options: SampleByKeyOptions<T>): MonoTypeOperatorFunction<T> {
  const every = parsePositiveDuration(options.every, 'sampleByKey: every')

  return operateByKey('sampleByKey', options, ({ counts, clock, maxKeys, createTimer, emit, drop }) => {
    let latest = new Map<Primitive, Held<T>>()
    counts.keys = () => latest.size
    const timer = createTimer(clock, flush)

    function flush(): void {
      const held = latest
      latest = new Map()
      for (const { event, part } of held.values()) emit(event, part)
    }

    function emitOldest(): void {
      for (const [id, { event, part }] of latest) {
        latest.delete(id)
        emit(event, part)
        return
      }
    }

    return {
      next(id, event, part) {
        if (latest.size === 0) timer.set(clock.now() + every)
        const held = latest.get(id)
        if (held === undefined) {
          latest.set(id, { event, part })
          while (latest.size > maxKeys) emitOldest()
          return
        }
        const { event: replaced, part: replacedPart } = held
        held.event = event
        held.part = part
        drop(replaced, replacedPart)
      },
      flush,
      *save(writer) {
        timer.save(writer)
        const held = [...latest].map(([id, { event }]) => [id, event])
        yield* saveItems(writer, held, (each) => writer.value(each))
      },
      restore(reader) {
        timer.load(reader, every)
        loadItems(reader, () => {
          const [id, event] = reader.value<[Primitive, T]>()
          latest.set(id, { event, part: undefined })
        })
      },
    }
  })
}
