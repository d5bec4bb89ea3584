import type { ObservableInput, OperatorFunction } from 'rxjs'
import { shapeOf } from '../shape.ts'
import { operate } from '../stage/operate.ts'
import type { OnError } from '../stage/reject.ts'
import { weightOf } from '../weight.ts'
import { Intake, type IntakeOptions, intakeConfig, type Task } from './job-queue.ts'
import { handling } from './job-runner.ts'

export interface BatchLimits<T> {
  /** How many events a batch may have. */
  readonly maxItems: number
  /** How much a batch may weigh, by `weight`; an event that weighs more on its own is a batch on its own. Default: any weight. */
  readonly maxWeight?: number
  /** What an event weighs. What it throws, and a weight that cannot be, errors the stream. Default: 1. */
  readonly weight?: (event: T) => number
}

export interface BatchWithOptions<T> extends IntakeOptions<T> {
  /** Takes what `fn` throws or rejects with; the stream goes on with the next batch. Default: the stream errors. */
  readonly onError?: OnError<readonly T[]>
}

/**
 * Hands events to a function in batches of what has come while it was busy: at once where it is idle, in ever larger
 * batches, up to the limits, where it cannot keep up.
 *
 * ```ts
 * rows$.pipe(batchWith({ maxItems: 500 }, (rows) => db.insertAll(rows), { gate }))
 * ```
 *
 * Emits when `fn`'s promise or observable does.
 * Drops what overflows, as `overflow` says, to `onDropped`.
 * Completes when the source has completed and every event is handled.
 * Unsubscribes from the source and from what is under way; what it holds of the gate is released.
 */
export function batchWith<T, R>(
  limits: BatchLimits<T>,
  fn: (batch: readonly T[]) => ObservableInput<R>,
  options: BatchWithOptions<T> = {},
): OperatorFunction<T, R> {
  const { maxItems, maxWeight = Number.POSITIVE_INFINITY, weight: weigh = () => 1 } = limits
  const { onError } = options
  if (!(maxItems >= 1))
    throw new RangeError(`batchWith: maxItems must be at least 1, not ${shapeOf(maxItems)}`)
  if (!(maxWeight > 0))
    throw new RangeError(`batchWith: maxWeight must be above 0, not ${shapeOf(maxWeight)}`)
  if (typeof fn !== 'function') throw new TypeError(`batchWith needs a function, not ${shapeOf(fn)}`)
  const config = intakeConfig('batchWith', options)

  return operate<T, R>((stage) => {
    const intake = new Intake(config, stage)
    const { isFree, startMore, complete } = handling<readonly Task<T>[], readonly T[], R>(stage, {
      fn,
      concurrency: 1,
      onError,
      take: takeBatch,
      inputOf: (batch) => batch.map((task) => task.event),
      settle(batch, as) {
        for (const task of batch) intake.settle(task, as)
      },
    })

    function takeBatch(): Task<T>[] | undefined {
      const batch: Task<T>[] = []
      let total = 0
      while (batch.length < maxItems && intake.size > 0) {
        // `size` says that there is one, which may be undefined itself.
        total += weightOf('batchWith', weigh, intake.peek() as T)
        if (batch.length > 0 && total > maxWeight) break
        batch.push(intake.take() as Task<T>)
      }
      return batch.length > 0 ? batch : undefined
    }

    return {
      next(event) {
        intake.offer(event, isFree())
        startMore()
      },
      complete,
    }
  })
}
