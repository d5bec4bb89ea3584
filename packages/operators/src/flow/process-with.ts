import type { ObservableInput, OperatorFunction } from 'rxjs'
import { shapeOf } from '../shape.ts'
import { operate } from '../stage/operate.ts'
import type { OnError } from '../stage/reject.ts'
import { Intake, type IntakeOptions, intakeConfig, type Task } from './job-queue.ts'
import { handling } from './job-runner.ts'

export interface ProcessWithOptions<T> extends IntakeOptions<T> {
  /** How many events are handled at the same time. With more than 1, results come in the order in which they are ready. Default: 1. */
  readonly concurrency?: number
  /** Takes what `fn` throws or rejects with; the stream goes on with the next event. Default: the stream errors. */
  readonly onError?: OnError<T>
}

/**
 * Handles each event with a function that takes its time, with a bound on what waits meanwhile: `mergeMap` without its
 * unbounded buffer.
 *
 * ```ts
 * const gate = createFlowGate()
 * fromEventSource(url, { gate }).pipe(processWith((event) => db.insert(event.data), { concurrency: 4, gate }), commit(checkpoint))
 * ```
 *
 * Emits when `fn`'s promise or observable does.
 * Drops what overflows, as `overflow` says, to `onDropped`.
 * Completes when the source has completed and every event is handled.
 * Unsubscribes from the source and from what is under way; what it holds of the gate is released.
 */
export function processWith<T, R>(
  fn: (event: T) => ObservableInput<R>,
  options: ProcessWithOptions<T> = {},
): OperatorFunction<T, R> {
  const { concurrency = 1, onError } = options
  if (typeof fn !== 'function') throw new TypeError(`processWith needs a function, not ${shapeOf(fn)}`)
  if (!(concurrency >= 1))
    throw new RangeError(`processWith: concurrency must be at least 1, not ${shapeOf(concurrency)}`)
  const config = intakeConfig('processWith', options)

  return operate<T, R>((stage) => {
    const intake = new Intake(config, stage)
    const { isFree, startMore, complete } = handling<Task<T>, T, R>(stage, {
      fn,
      concurrency,
      onError,
      take: () => intake.take(),
      inputOf: (task) => task.event,
      settle: (task, as) => intake.settle(task, as),
    })
    return {
      next(event) {
        intake.offer(event, isFree())
        startMore()
      },
      complete,
    }
  })
}
