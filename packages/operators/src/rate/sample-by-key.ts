import { type Duration, parsePositiveDuration } from '@rxsse/shared'
import type { MonoTypeOperatorFunction } from 'rxjs'
import type { Primitive } from '../engine/keyed-state/key.ts'
import { Queue } from '../engine/queues/queue.ts'
import { loadItems, saveItems } from '../stage/operator-state.ts'
import { type ByKeyOptions, type HeldEvent, operateByKey } from './operate-by-key.ts'

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
    // An event replaces the entry of its key, and changes none: a copy has those that were there at its start.
    let latest = new Map<Primitive, Sampled<T>>()
    /** The keys of `latest` in order. */
    const ids = new Queue<Primitive>()
    counts.keys = () => latest.size
    const timer = createTimer(clock, flush)

    function flush(): void {
      const held = latest
      latest = new Map()
      ids.clear()
      for (const { event, part } of held.values()) emit(event, part)
    }

    function emitOldest(): void {
      const id = ids.shift()
      const { event, part } = latest.get(id) as Sampled<T>
      latest.delete(id)
      emit(event, part)
    }

    return {
      next(id, event, part) {
        if (latest.size === 0) timer.set(clock.now() + every)
        const replaced = latest.get(id)
        latest.set(id, { id, event, part })
        if (replaced !== undefined) {
          drop(replaced.event, replaced.part)
          return
        }
        ids.push(id)
        while (latest.size > maxKeys) emitOldest()
      },
      flush,
      *save(writer) {
        timer.save(writer)
        yield* saveItems(writer, [...latest.values()], ({ id, event }) => {
          writer.value(id)
          writer.value(event)
        })
      },
      restore(reader) {
        timer.load(reader, every)
        loadItems(reader, () => {
          const id = reader.value<Primitive>()
          latest.set(id, { id, event: reader.value<T>(), part: undefined })
          ids.push(id)
        })
      },
    }
  })
}

/** The latest event of a key. */
interface Sampled<T> extends Readonly<HeldEvent<T>> {
  readonly id: Primitive
}
