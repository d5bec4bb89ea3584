import { type Duration, type Linked, LinkedList, parsePositiveDuration } from '@rxsse/shared'
import type { MonoTypeOperatorFunction } from 'rxjs'
import { type CopiedEntry, EntryCopies, loadEntries } from '../engine/keyed-state/entry-copies.ts'
import type { Primitive } from '../engine/keyed-state/key.ts'
import { type Scheduled, TimerQueue } from '../engine/queues/timer-queue.ts'
import { shiftToDay } from '../stage/clock.ts'
import type { StateReader, StateWriter } from '../stage/operator-state.ts'
import { type ByKeyOptions, type HeldEvent, operateByKey } from './operate-by-key.ts'

export interface ThrottleByKeyOptions<T> extends ByKeyOptions<T> {
  /** The shortest time between two events of a key. */
  readonly interval: Duration
  /** Whether an event of a quiet key is emitted at once. Default: true. */
  readonly leading?: boolean
  /** Whether the latest event of an interval is emitted at its end. Otherwise it is dropped. Default: true. */
  readonly trailing?: boolean
}

/**
 * Passes on at most one event of each key in an interval: RxJS's `throttleTime` by key, with one timer for all keys. The
 * first event of a quiet key comes at once, and the latest one of each interval at its end.
 *
 * ```ts
 * positions$.pipe(throttleByKey({ key: (ship) => ship.id, interval: '1s' }))
 * ```
 *
 * Emits when an event of a quiet key comes (`leading`), and at the end of an interval in which one came (`trailing`).
 * Drops events that a later one has replaced, and without `trailing` all of an interval, to `onDropped`.
 * Completes when the source completes, after the held events, in the order in which they were due.
 * Unsubscribes from the source at once; held events are discarded.
 */
export function throttleByKey<T>(options: ThrottleByKeyOptions<T>): MonoTypeOperatorFunction<T> {
  const interval = parsePositiveDuration(options.interval, 'throttleByKey: interval')
  const { leading = true, trailing = true } = options
  if (!leading && !trailing)
    throw new TypeError('throttleByKey needs leading or trailing, or nothing would pass')

  return operateByKey('throttleByKey', options, (context) => {
    const { out, counts, clock, maxKeys, createTimer, emit, drop } = context
    const throttled = new Map<Primitive, Throttled<T>>()
    /** The one that came first, first. */
    const inOrder = new LinkedList<Throttled<T>>()
    const copies = new EntryCopies<Throttled<T>>()
    const queue = new TimerQueue<Throttled<T>>()
    let order = 0
    counts.keys = () => throttled.size
    const timer = createTimer(clock, (now) => {
      for (let due = queue.takeDue(now); due !== undefined && !out.closed; due = queue.takeDue(now)) {
        copies.willChange(due)
        if (due.held.length === 0) forget(due)
        else {
          schedule(due, now + interval)
          emitHeld(due)
        }
      }
      timer.set(queue.next())
    })

    function emitHeld(entry: Throttled<T>): void {
      for (const { event, part } of entry.held.splice(0)) emit(event, part)
    }

    function schedule(entry: Throttled<T>, end: number): void {
      entry.end = end
      queue.schedule(entry, end)
    }

    /** Starts the first interval of a key. */
    function begin(id: Primitive): Throttled<T> {
      const entry = createEntry<T>(id, Number.NaN, order++, copies.count)
      throttled.set(id, entry)
      inOrder.push(entry)
      schedule(entry, clock.now() + interval)
      timer.set(queue.next())
      return entry
    }

    function forget(entry: Throttled<T>): void {
      throttled.delete(entry.id)
      inOrder.delete(entry)
    }

    function evict(oldest: Throttled<T>): void {
      copies.willChange(oldest)
      forget(oldest)
      queue.schedule(oldest, Number.POSITIVE_INFINITY)
      emitHeld(oldest)
    }

    return {
      next(id, event, part) {
        const known = throttled.get(id)
        const entry = known ?? begin(id)
        copies.willChange(entry)
        if (known === undefined && leading) emit(event, part)
        else if (trailing)
          for (const replaced of entry.held.splice(0, 1, { event, part })) drop(replaced.event, replaced.part)
        else drop(event, part)
        while (throttled.size > maxKeys) evict(inOrder.first as Throttled<T>)
      },
      flush() {
        for (const entry of [...throttled.values()].sort((a, b) => a.end - b.end || a.order - b.order)) {
          copies.willChange(entry)
          emitHeld(entry)
        }
      },
      *save(writer) {
        const shift = shiftToDay(clock)
        writer.number(order)
        yield* copies.save(writer, throttled, (entry) => saveThrottled(entry, shift, writer))
      },
      restore(reader) {
        const [now, shift] = [clock.now(), shiftToDay(clock)]
        order = reader.number()
        for (const entry of loadEntries(reader, () => loadThrottled<T>(shift, reader))) {
          throttled.set(entry.id, entry)
          inOrder.push(entry)
          // Somebody may have set the clock back.
          schedule(entry, Math.min(entry.end, now + interval))
        }
        timer.set(queue.next())
      },
    }
  })
}

/** A key in an interval. */
interface Throttled<T> extends Scheduled, CopiedEntry, Linked<Throttled<T>> {
  readonly id: Primitive
  /** When the interval ends. Unlike `at`, it changes only after a copy of the entry was written. */
  end: number
  /** The latest event of the interval, if there is one. */
  readonly held: HeldEvent<T>[]
}

/** `shift` makes times of the day. */
function saveThrottled<T>({ id, end, order, held }: Throttled<T>, shift: number, writer: StateWriter): void {
  writer.value(id)
  writer.number(end + shift)
  writer.number(order)
  writer.value(held.map(({ event }) => event))
}

function loadThrottled<T>(shift: number, reader: StateReader): Throttled<T> {
  const [id, end, order] = [reader.value<Primitive>(), reader.number() - shift, reader.number()]
  const entry = createEntry<T>(id, end, order, 0)
  for (const event of reader.value<T[]>()) entry.held.push({ event, part: undefined })
  return entry
}

function createEntry<T>(id: Primitive, end: number, order: number, copy: number): Throttled<T> {
  const at = Number.POSITIVE_INFINITY
  return { id, held: [], end, order, at, copy, before: undefined, after: undefined }
}
