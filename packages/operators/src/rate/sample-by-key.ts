import { type Duration, parsePositiveDuration } from '@rxsse/shared'
import type { MonoTypeOperatorFunction } from 'rxjs'
import type { Primitive } from '../engine/keyed-state/key.ts'
import { operateSerialized } from '../stage/operate.ts'
import { rejectEvent } from '../stage/side-output.ts'
import { type ByKeyOptions, resolveByKeyOptions } from './by-key-options.ts'

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
  const { identify, maxKeys, onDropped, onError, clock } = resolveByKeyOptions('sampleByKey', options)
  const every = parsePositiveDuration(options.every, 'sampleByKey: every')

  return operateSerialized<T, T>('sampleByKey', options.stage, ({ out, counts, createTimer }) => {
    let latest = new Map<Primitive, T>()
    counts.keys = () => latest.size
    const timer = createTimer(clock, emitAll)

    function emitAll(): void {
      const held = latest
      latest = new Map()
      for (const event of held.values()) emit(event)
    }

    function emit(event: T): void {
      counts.out++
      out.next(event)
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
        if (latest.size === 0) timer.set(clock.now() + every)
        const isHeld = latest.has(id)
        const replaced = latest.get(id)
        latest.set(id, event)
        if (isHeld) {
          counts.dropped++
          // `isHeld` says that this is an event, which may be undefined itself.
          onDropped?.(replaced as T)
        } else if (latest.size > maxKeys) {
          for (const [oldest, held] of latest) {
            latest.delete(oldest)
            emit(held)
            break
          }
        }
      },
      complete() {
        emitAll()
        out.complete()
      },
    }
  })
}
