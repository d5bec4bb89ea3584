import { optionError, requireFunction } from '@rxsse/shared'
import type { ObservableInput, OperatorFunction } from 'rxjs'
import { identifyKey, type Key, type Primitive } from '../engine/keyed-state/key.ts'
import { followEvent, settleEvent } from '../stage/follow.ts'
import { operate } from '../stage/operate.ts'
import { requireLimit } from '../stage/require-limit.ts'
import { type OnError, rejectEvent } from '../stage/side-output.ts'
import { type Job, JobQueue, type JobQueueOptions, resolveJobQueueOptions } from './job-queue.ts'
import { JobRunner } from './job-runner.ts'
import { KeyedJobs } from './keyed-jobs.ts'

export interface ProcessWithOptions<T> extends JobQueueOptions<T> {
  /** How many events are handled at a time. With more than 1, results come when they are ready. Default: 1. */
  readonly concurrency?: number
  /**
   * Whether results come in the order of the events. An event that is done waits for those before it, and counts as being
   * handled until then. Default: false.
   */
  readonly ordered?: boolean
  /** Events with equal keys are handled one at a time, in order; others meanwhile. Default: events do not wait for each other. */
  readonly orderBy?: (event: T) => Key
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
  const { onError, stage, ordered = false, orderBy } = options
  requireFunction(fn, 'processWith: fn')
  const concurrency = requireLimit(options.concurrency ?? 1, 'processWith: concurrency', 1)
  if (orderBy !== undefined && typeof orderBy !== 'function') {
    throw optionError('processWith: orderBy', 'a function', orderBy)
  }
  const config = resolveJobQueueOptions('processWith', options)

  return operate<T, R>('processWith', stage, (context) => {
    const keyed = orderBy === undefined ? undefined : new KeyedJobs<T>()
    const queue = new JobQueue(config, context, keyed)
    const runner = new JobRunner<Job<T>, T, R>(context, {
      fn,
      concurrency,
      onError,
      ordered,
      take: () => (keyed === undefined ? queue.take() : keyed.takeReady()),
      input: (job) => job.event,
      settle(job, as) {
        keyed?.free(job.key)
        queue.settle(as)
      },
      forget: (job) => queue.forget(job),
    })
    return {
      state: 'drained',
      next(event) {
        if (orderBy === undefined || keyed === undefined) queue.push(event, runner.isFree)
        else {
          let key: Primitive
          try {
            key = identifyKey(orderBy(event))
          } catch (error) {
            rejectEvent(context.counts, onError, error, event)
            settleEvent(context.counts, followEvent(context.counts, event))
            return
          }
          queue.push(event, runner.isFree && !keyed.isBusy(key), key)
        }
        runner.run()
      },
      complete: () => runner.complete(),
    }
  })
}
