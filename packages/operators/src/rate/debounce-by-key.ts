import type { MonoTypeOperatorFunction } from 'rxjs'
import { type Duration, positiveMilliseconds } from '../duration.ts'
import type { Primitive } from '../engine/keyed-state/key.ts'
import { Agenda, type Appointed } from '../engine/queues/timer-queue.ts'
import { operateInTurn } from '../stage/operate.ts'
import { reject } from '../stage/reject.ts'
import { type ByKeyOptions, byKey } from './by-key-options.ts'

export interface DebounceByKeyOptions<T> extends ByKeyOptions<T> {
  /** How long a key has to be quiet for its latest event to be emitted. */
  readonly quiet: Duration
  /** How long a key that is never quiet waits at most, from its first held event on. Default: for as long as it takes. */
  readonly maxWait?: Duration
}

/**
 * The latest event of each key, once the key has been quiet for a while: RxJS's `debounceTime` for each key, with one
 * timer for all of them.
 *
 * Emits when a key has been quiet for `quiet`, or its first held event is `maxWait` old.
 * Drops events that a later one has replaced, to `onDropped`.
 * Completes when the source completes, after what was held, in the order in which it was due.
 * Unsubscribes from the source at once; held events are discarded.
 */
export function debounceByKey<T>(options: DebounceByKeyOptions<T>): MonoTypeOperatorFunction<T> {
  const { idOf, maxKeys, onDropped, onError, scheduler } = byKey('debounceByKey', options)
  const quiet = positiveMilliseconds('debounceByKey: quiet', options.quiet)
  const maxWait =
    options.maxWait === undefined
      ? Number.POSITIVE_INFINITY
      : positiveMilliseconds('debounceByKey: maxWait', options.maxWait)

  return operateInTurn<T, T>(({ out, ledger, alarm }) => {
    const held = new Map<Primitive, Held<T>>()
    const agenda = new Agenda<Held<T>>()
    let order = 0
    ledger.keys = () => held.size
    const settled = alarm(scheduler, (now) => {
      for (let next = agenda.takeDue(now); next !== undefined; next = agenda.takeDue(now)) {
        // Its appointment was for an earlier event, and is made anew only now.
        if (next.due > now) agenda.appoint(next, next.due)
        else emit(next)
      }
      settled.set(agenda.next())
    })

    function emit(one: Held<T>): void {
      agenda.appoint(one, Number.POSITIVE_INFINITY)
      held.delete(one.id)
      ledger.out++
      out.next(one.event)
    }

    function hold(id: Primitive, event: T, now: number): void {
      const due = now + Math.min(quiet, maxWait)
      const one: Held<T> = {
        id,
        event,
        due,
        latest: now + maxWait,
        order: order++,
        at: Number.POSITIVE_INFINITY,
      }
      held.set(id, one)
      agenda.appoint(one, due)
      settled.set(agenda.next())
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
          id = idOf(event)
        } catch (error) {
          reject(ledger, onError, error, event)
          return
        }
        const now = scheduler.now()
        const one = held.get(id)
        if (one === undefined) {
          hold(id, event, now)
          return
        }
        const replaced = one.event
        one.event = event
        one.due = Math.min(now + quiet, one.latest)
        ledger.dropped++
        onDropped?.(replaced)
      },
      complete() {
        for (const one of [...held.values()].sort((a, b) => a.due - b.due || a.order - b.order)) emit(one)
        out.complete()
      },
    }
  })
}

interface Held<T> extends Appointed {
  readonly id: Primitive
  event: T
  due: number
  /** The latest that `due` may become. */
  readonly latest: number
}
