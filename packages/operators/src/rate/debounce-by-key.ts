import { type Duration, type Linked, LinkedList, parsePositiveDuration } from '@rxsse/shared'
import type { MonoTypeOperatorFunction } from 'rxjs'
import { type CopiedEntry, EntryCopies, loadEntries } from '../engine/keyed-state/entry-copies.ts'
import type { Primitive } from '../engine/keyed-state/key.ts'
import type { Part } from '../engine/queues/contiguous-prefix.ts'
import { type Scheduled, TimerQueue } from '../engine/queues/timer-queue.ts'
import { shiftToDay } from '../stage/clock.ts'
import type { StateReader, StateWriter } from '../stage/operator-state.ts'
import { type ByKeyOptions, type HeldEvent, operateByKey } from './operate-by-key.ts'

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
  const quiet = parsePositiveDuration(options.quiet, 'debounceByKey: quiet')
  const maxWait =
    options.maxWait === undefined
      ? Number.POSITIVE_INFINITY
      : parsePositiveDuration(options.maxWait, 'debounceByKey: maxWait')

  return operateByKey('debounceByKey', options, ({ counts, clock, maxKeys, createTimer, emit, drop }) => {
    const held = new Map<Primitive, Debounced<T>>()
    /** The one that was held longest first. */
    const inOrder = new LinkedList<Debounced<T>>()
    const copies = new EntryCopies<Debounced<T>>()
    const queue = new TimerQueue<Debounced<T>>()
    let order = 0
    counts.keys = () => held.size
    const timer = createTimer(clock, (now) => {
      for (let next = queue.takeDue(now); next !== undefined; next = queue.takeDue(now)) {
        // A later event moves only `due`. The queue learns of it here.
        if (next.due > now) queue.schedule(next, next.due)
        else release(next)
      }
      timer.set(queue.next())
    })

    function release(entry: Debounced<T>): void {
      copies.willChange(entry)
      queue.schedule(entry, Number.POSITIVE_INFINITY)
      held.delete(entry.id)
      inOrder.delete(entry)
      emit(entry.event, entry.part)
    }

    function hold(id: Primitive, event: T, part: Part<string> | undefined, now: number): void {
      const due = now + Math.min(quiet, maxWait)
      const entry: Debounced<T> = {
        id,
        event,
        part,
        due,
        latest: now + maxWait,
        order: order++,
        at: Number.POSITIVE_INFINITY,
        copy: copies.count,
        before: undefined,
        after: undefined,
      }
      held.set(id, entry)
      inOrder.push(entry)
      queue.schedule(entry, due)
      timer.set(queue.next())
      while (held.size > maxKeys) release(inOrder.first as Debounced<T>)
    }

    return {
      next(id, event, part) {
        const now = clock.now()
        const entry = held.get(id)
        if (entry === undefined) {
          hold(id, event, part, now)
          return
        }
        copies.willChange(entry)
        const { event: replaced, part: replacedPart } = entry
        entry.event = event
        entry.part = part
        entry.due = Math.min(now + quiet, entry.latest)
        drop(replaced, replacedPart)
      },
      flush() {
        for (const entry of [...held.values()].sort((a, b) => a.due - b.due || a.order - b.order))
          release(entry)
      },
      *save(writer) {
        const shift = shiftToDay(clock)
        writer.number(order)
        yield* copies.save(writer, held, (entry) => saveDebounced(entry, shift, writer))
      },
      restore(reader) {
        const [now, shift] = [clock.now(), shiftToDay(clock)]
        order = reader.number()
        for (const loaded of loadEntries(reader, () => loadDebounced<T>(shift, reader))) {
          // Somebody may have set the clock back.
          const [due, latest] = [Math.min(loaded.due, now + quiet), Math.min(loaded.latest, now + maxWait)]
          const entry = { ...loaded, due, latest }
          held.set(entry.id, entry)
          inOrder.push(entry)
          queue.schedule(entry, entry.due)
        }
        timer.set(queue.next())
      },
    }
  })
}

interface Debounced<T> extends Scheduled, CopiedEntry, Linked<Debounced<T>>, HeldEvent<T> {
  readonly id: Primitive
  due: number
  /** The latest that `due` may become. */
  readonly latest: number
}

/** `shift` makes times of the day. */
function saveDebounced<T>(
  { id, event, due, latest, order }: Debounced<T>,
  shift: number,
  writer: StateWriter,
): void {
  writer.value(id)
  writer.value(event)
  for (const number of [due + shift, latest + shift, order]) writer.number(number)
}

function loadDebounced<T>(shift: number, reader: StateReader): Debounced<T> {
  return {
    id: reader.value(),
    event: reader.value(),
    part: undefined,
    due: reader.number() - shift,
    latest: reader.number() - shift,
    order: reader.number(),
    at: Number.POSITIVE_INFINITY,
    copy: 0,
    before: undefined,
    after: undefined,
  }
}
