import {
  type Duration,
  optionError,
  parsePositiveDuration,
  requireFunction,
  requireNumber,
} from '@rxsse/shared'
import type { OperatorFunction, SchedulerLike } from 'rxjs'
import type { Part } from '../engine/queues/contiguous-prefix.ts'
import { createClock } from '../stage/clock.ts'
import { emitResult, followEvent, settleEvent } from '../stage/follow.ts'
import { operateSerialized, type StageOptions } from '../stage/operate.ts'
import { loadItems, saveItems } from '../stage/operator-state.ts'
import { requireLimit } from '../stage/require-limit.ts'
import { type OnError, rejectEvent } from '../stage/side-output.ts'

export interface GroupWithinOptions<T> extends StageOptions {
  /** How many events a group may have. */
  readonly maxItems?: number
  /** How long a group waits for more events after its first one. */
  readonly maxWait?: Duration
  /** How much a group may weigh, by `weight`. A heavier event is a group of its own. */
  readonly maxWeight?: number
  /** An event's weight, 0 or more, such as its bytes. Default: 1. */
  readonly weight?: (event: T) => number
  /** Takes an error of `weight`, and the event, which is left out. Default: the stream errors. */
  readonly onError?: OnError<T>
  /** The clock and its timers. Default: `asyncScheduler`. */
  readonly scheduler?: SchedulerLike
}

/**
 * Groups events that come close together. A group is emitted when it is full or has waited long enough. At least one of
 * `maxItems`, `maxWeight` and `maxWait` is required. Only `maxItems` and `maxWeight` bound the memory.
 *
 * ```ts
 * rows$.pipe(groupWithin({ maxItems: 500, maxWait: '1s' }), concatMap(insert))
 * ```
 *
 * Emits when a group has `maxItems` or weighs `maxWeight`, before it would weigh more, and `maxWait` after its first event.
 * Drops nothing.
 * Completes when the source completes, after the open group.
 * Unsubscribes from the source at once; the open group is discarded.
 */
export function groupWithin<T>(options: GroupWithinOptions<T>): OperatorFunction<T, readonly T[]> {
  const { maxItems = Number.POSITIVE_INFINITY, maxWeight = Number.POSITIVE_INFINITY } = options
  const { weight: weigh = () => 1, onError, stage } = options
  const clock = createClock(options.scheduler)
  const maxWait =
    options.maxWait === undefined ? undefined : parsePositiveDuration(options.maxWait, 'groupWithin: maxWait')
  if (
    maxItems === Number.POSITIVE_INFINITY &&
    maxWeight === Number.POSITIVE_INFINITY &&
    maxWait === undefined
  ) {
    throw new TypeError('groupWithin needs at least one of maxItems, maxWeight and maxWait')
  }
  requireLimit(maxItems, 'groupWithin: maxItems', 1)
  requireFunction(weigh, 'groupWithin: weight')
  if (!(maxWeight > 0)) throw optionError('groupWithin: maxWeight', 'a number above 0', maxWeight)

  return operateSerialized<T, readonly T[]>('groupWithin', stage, ({ out, counts, createTimer }) => {
    counts.tracker?.onStart()
    let group: T[] = []
    /** The events of the group, if a `commit` follows them. */
    let parts: (Part<string> | undefined)[] = []
    let total = 0
    const timer = createTimer(clock, emit)

    function emit(): void {
      if (group.length === 0) return
      timer.clear()
      const emitted = group
      const emittedParts = parts
      group = []
      parts = []
      total = 0
      counts.out += emitted.length
      // More than one if a group was restored from before the limit was lowered.
      for (let at = 0; at < emitted.length; at += maxItems)
        emitResult(counts, out, emitted.slice(at, at + maxItems))
      for (const part of emittedParts) settleEvent(counts, part)
    }

    return {
      state: {
        shape: {},
        usesClock: maxWait !== undefined,
        *save(writer) {
          writer.number(total)
          timer.save(writer)
          yield* saveItems(writer, [...group], (event) => writer.value(event))
        },
        restore(reader) {
          total = reader.number()
          timer.load(reader, maxWait ?? 0)
          loadItems(reader, () => group.push(reader.value()))
        },
      },
      next(event) {
        const part = followEvent(counts, event)
        let weight: number
        try {
          weight = requireNumber(weigh(event), 'groupWithin: weight', 0)
        } catch (error) {
          rejectEvent(counts, onError, error, event)
          settleEvent(counts, part)
          return
        }
        if (total + weight > maxWeight) emit()
        group.push(event)
        if (part !== undefined) parts.push(part)
        total += weight
        if (group.length >= maxItems || total >= maxWeight) emit()
        else if (group.length === 1 && maxWait !== undefined) timer.set(clock.now() + maxWait)
      },
      complete() {
        emit()
        out.complete()
      },
    }
  })
}
