import { optionError, requireFunction, requireNumber } from '@rxsse/shared'
import type { ObservableInput, OperatorFunction } from 'rxjs'
import { operate } from '../stage/operate.ts'
import { requireLimit } from '../stage/require-limit.ts'
import type { OnError } from '../stage/side-output.ts'
import { type Job, JobQueue, type JobQueueOptions, resolveJobQueueOptions } from './job-queue.ts'
import { JobRunner } from './job-runner.ts'

export interface BatchLimits<T> {
  /** How many events a batch may have. */
  readonly maxItems: number
  /** How much a batch may weigh, by `weight`. A heavier event is a batch of its own. Default: any weight. */
  readonly maxWeight?: number
  /** An event's weight, 0 or more. If it throws or returns anything else, the stream errors. Default: 1. */
  readonly weight?: (event: T) => number
}

export interface BatchWithOptions<T> extends JobQueueOptions<T> {
  /** Takes what `fn` throws or rejects with. The stream goes on with the next batch. Default: the stream errors. */
  readonly onError?: OnError<readonly T[]>
}

/**
 * Calls a function with a batch of the events that came while it was busy. An idle function gets an event at once; a slow
 * one gets larger and larger batches, up to the limits.
 *
 * ```ts
 * rows$.pipe(batchWith({ maxItems: 500 }, (rows) => db.insertAll(rows), { gate }))
 * ```
 *
 * Emits when `fn`'s promise or observable emits.
 * Drops events over the buffer, as `overflow` says, to `onDropped`.
 * Completes when the source has completed and every event is handled.
 * Unsubscribes from the source and from the running batch, and releases what it holds of the gate.
 */
export function batchWith<T, R>(
  limits: BatchLimits<T>,
  fn: (batch: readonly T[]) => ObservableInput<R>,
  options: BatchWithOptions<T> = {},
): OperatorFunction<T, R> {
  const { maxWeight = Number.POSITIVE_INFINITY, weight: weigh = () => 1 } = limits
  const maxItems = requireLimit(limits.maxItems, 'batchWith: maxItems', 1)
  if (!(maxWeight > 0)) throw optionError('batchWith: maxWeight', 'a number above 0', maxWeight)
  requireFunction(weigh, 'batchWith: weight')
  requireFunction(fn, 'batchWith: fn')
  const config = resolveJobQueueOptions('batchWith', options)

  return operate<T, R>('batchWith', options.stage, (context) => {
    const queue = new JobQueue(config, context)
    const runner = new JobRunner<readonly Job<T>[], readonly T[], R>(context, {
      fn,
      concurrency: 1,
      onError: options.onError,
      take: takeBatch,
      input: (batch) => batch.map((job) => job.event),
      settle(batch, as) {
        for (const _ of batch) queue.settle(as)
      },
      forget(batch) {
        for (const job of batch) queue.forget(job)
      },
    })

    function takeBatch(): Job<T>[] | undefined {
      const batch: Job<T>[] = []
      let total = 0
      while (batch.length < maxItems && queue.size > 0) {
        // There is an event, which may be undefined itself.
        total += requireNumber(weigh(queue.peek() as T), 'batchWith: weight', 0)
        if (batch.length > 0 && total > maxWeight) break
        batch.push(queue.take() as Job<T>)
      }
      return batch.length > 0 ? batch : undefined
    }

    return {
      state: 'drained',
      next(event) {
        queue.push(event, runner.isFree)
        runner.run()
      },
      complete: () => runner.complete(),
    }
  })
}
