import { optionError, requireNumber } from '@rxsse/shared'
import type { ObservableInput, OperatorFunction } from 'rxjs'
import { operate } from '../stage/operate.ts'
import type { OnError } from '../stage/side-output.ts'
import { type Job, JobQueue, type JobQueueOptions, resolveJobQueueOptions } from './job-queue.ts'
import { createJobRunner } from './job-runner.ts'

export interface ProcessWithOptions<T> extends JobQueueOptions<T> {
  /** How many events are handled at a time. With more than 1, results come when they are ready. Default: 1. */
  readonly concurrency?: number
  /** Takes what `fn` throws or rejects with. The stream goes on with the next event. Default: the stream errors. */
  readonly onError?: OnError<T>
}

/**
 * Handles each event with an asynchronous function, and bounds how many wait: `mergeMap` with a bounded buffer.
 *
 * ```ts
 * const gate = createFlowGate()
 * const stored = createStage('stored')
 * fromEventSource(url, { gate }).pipe(
 *   processWith((event) => db.insert(event.data), { concurrency: 4, gate, stage: stored }),
 *   commit(checkpoint, { after: stored }),
 * )
 * ```
 *
 * Emits when `fn`'s promise or observable emits.
 * Drops events over the buffer, as `overflow` says, to `onDropped`.
 * Completes when the source has completed and every event is handled.
 * Unsubscribes from the source and from running jobs, and releases what it holds of the gate.
 */
export function processWith<T, R>(
  fn: (event: T) => ObservableInput<R>,
  options: ProcessWithOptions<T> = {},
): OperatorFunction<T, R> {
  const { onError, stage } = options
  if (typeof fn !== 'function') throw optionError('processWith: fn', 'a function', fn)
  const concurrency = requireNumber(options.concurrency ?? 1, 'processWith: concurrency', 1)
  const config = resolveJobQueueOptions('processWith', options)

  return operate<T, R>('processWith', stage, (context) => {
    const queue = new JobQueue(config, context)
    const { isFree, run, complete } = createJobRunner<Job<T>, T, R>(context, {
      fn,
      concurrency,
      onError,
      take: () => queue.take(),
      input: (job) => job.event,
      settle: (job, as) => queue.settle(job, as),
    })
    return {
      next(event) {
        queue.push(event, isFree())
        run()
      },
      complete,
    }
  })
}
