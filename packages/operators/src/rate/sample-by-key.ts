import type { MonoTypeOperatorFunction } from 'rxjs'
import { type Duration, positiveMilliseconds } from '../duration.ts'
import type { Primitive } from '../engine/keyed-state/key.ts'
import { operateInTurn } from '../stage/operate.ts'
import { reject } from '../stage/reject.ts'
import { type ByKeyOptions, byKey } from './by-key-options.ts'

export interface SampleByKeyOptions<T> extends ByKeyOptions<T> {
  /** How long events are gathered, from the first one on. */
  readonly every: Duration
}

/**
 * The latest event of each key, at most once in `every`: for readers that want each instrument's last price rather than
 * every price. Nothing is emitted for a key, and no timer runs, while nothing comes.
 *
 * Emits when `every` has passed since the first event that is held: all held events, in the order in which their keys came.
 * Drops events that a later one has replaced, to `onDropped`.
 * Completes when the source completes, after what was held.
 * Unsubscribes from the source at once; held events are discarded.
 */
export function sampleByKey<T>(options: SampleByKeyOptions<T>): MonoTypeOperatorFunction<T> {
  const { idOf, maxKeys, onDropped, onError, scheduler } = byKey('sampleByKey', options)
  const every = positiveMilliseconds('sampleByKey: every', options.every)

  return operateInTurn<T, T>(({ out, ledger, alarm }) => {
    let latest = new Map<Primitive, T>()
    ledger.keys = () => latest.size
    const tick = alarm(scheduler, emitAll)

    function emitAll(): void {
      const held = latest
      latest = new Map()
      for (const event of held.values()) emit(event)
    }

    function emit(event: T): void {
      ledger.out++
      out.next(event)
    }

    return {
      next(event) {
        let id: Primitive
        try {
          id = idOf(event)
        } catch (error) {
          reject(ledger, onError, error, event)
          return
        }
        if (latest.size === 0) tick.set(scheduler.now() + every)
        const isHeld = latest.has(id)
        const replaced = latest.get(id)
        latest.set(id, event)
        if (isHeld) {
          ledger.dropped++
          // `isHeld` says that it is an event, which may well be undefined.
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
