import { asyncScheduler, type OperatorFunction, type SchedulerLike } from 'rxjs'
import { type Duration, positiveMilliseconds } from '../duration.ts'
import { shapeOf } from '../shape.ts'
import { operateInTurn } from '../stage/operate.ts'
import { type OnError, reject } from '../stage/reject.ts'
import { weightOf } from '../weight.ts'

export interface GroupWithinOptions<T> {
  /** How many events make a group. */
  readonly maxItems?: number
  /** How long a group waits for more after its first event. */
  readonly maxWait?: Duration
  /** How much a group may weigh, by `weight`. An event that weighs more on its own is a group on its own. */
  readonly maxWeight?: number
  /** What an event weighs, bytes say. Default: 1. */
  readonly weight?: (event: T) => number
  /** Takes what `weight` throws, and a weight that cannot be; the event is left out. Default: the stream errors. */
  readonly onError?: OnError<T>
  /** The clock and its timers. Default: `asyncScheduler`. */
  readonly scheduler?: SchedulerLike
}

/**
 * Groups what comes close together: a group is given when it is full, or has waited long enough. At least one of
 * `maxItems`, `maxWeight` and `maxWait` is needed, and of the first two one where memory is to be bounded.
 *
 * ```ts
 * rows$.pipe(groupWithin({ maxItems: 500, maxWait: '1s' }), concatMap(insert))
 * ```
 *
 * Emits when a group has `maxItems` or weighs `maxWeight`, before it would weigh more, and `maxWait` after its first event.
 * Drops nothing.
 * Completes when the source completes, after the group under way.
 * Unsubscribes from the source at once; the group under way is discarded.
 */
export function groupWithin<T>(options: GroupWithinOptions<T>): OperatorFunction<T, readonly T[]> {
  const { maxItems = Number.POSITIVE_INFINITY, maxWeight = Number.POSITIVE_INFINITY } = options
  const { weight: weigh = () => 1, scheduler = asyncScheduler, onError } = options
  const maxWait =
    options.maxWait === undefined ? undefined : positiveMilliseconds('groupWithin: maxWait', options.maxWait)
  if (
    maxItems === Number.POSITIVE_INFINITY &&
    maxWeight === Number.POSITIVE_INFINITY &&
    maxWait === undefined
  ) {
    throw new TypeError('groupWithin needs at least one of maxItems, maxWeight and maxWait')
  }
  if (!(maxItems >= 1))
    throw new RangeError(`groupWithin: maxItems must be at least 1, not ${shapeOf(maxItems)}`)
  if (!(maxWeight > 0))
    throw new RangeError(`groupWithin: maxWeight must be above 0, not ${shapeOf(maxWeight)}`)

  return operateInTurn<T, readonly T[]>(({ out, ledger, alarm }) => {
    let group: T[] = []
    let total = 0
    const patience = alarm(scheduler, give)

    function give(): void {
      if (group.length === 0) return
      patience.clear()
      const given = group
      group = []
      total = 0
      ledger.out += given.length
      out.next(given)
    }

    return {
      next(event) {
        let weight: number
        try {
          weight = weightOf('groupWithin', weigh, event)
        } catch (error) {
          reject(ledger, onError, error, event)
          return
        }
        if (total + weight > maxWeight) give()
        group.push(event)
        total += weight
        if (group.length >= maxItems || total >= maxWeight) give()
        else if (group.length === 1 && maxWait !== undefined) patience.set(scheduler.now() + maxWait)
      },
      complete() {
        give()
        out.complete()
      },
    }
  })
}
