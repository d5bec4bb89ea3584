import { from, type ObservableInput, type OperatorFunction } from 'rxjs'
import { InnerSubscriber } from '../inner-subscriber.ts'
import { operate } from '../operate.ts'
import type { OnError } from '../reject.ts'
import { shapeOf } from '../shape.ts'
import { Intake, type IntakeOptions, intakeConfig, type Task } from './intake.ts'

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
    const { out, enter } = stage
    const intake = new Intake(config, stage)
    let active = 0
    let starting = false
    let completing = false

    function startMore(): void {
      // What is ready at once comes back here from inside `start`; the loop goes on with it, and the stack does not grow.
      if (starting) return
      starting = true
      while (active < concurrency && !out.closed) {
        const task = intake.take()
        if (task === undefined) break
        active++
        start(task)
      }
      starting = false
      if (completing && active === 0) out.complete()
    }

    function start(task: Task<T>): void {
      const failed = (error: unknown) => {
        if (onError === undefined) throw error
        active--
        intake.settle(task, 'rejected')
        onError(error, task.event)
        startMore()
      }
      const subscriber = new InnerSubscriber<R>(out, {
        next: (value) => enter(() => out.next(value)),
        error: (error) => enter(() => failed(error)),
        complete: () =>
          enter(() => {
            active--
            intake.settle(task, 'out')
            startMore()
          }),
      })
      try {
        from(fn(task.event)).subscribe(subscriber)
      } catch (error) {
        subscriber.error(error)
      }
    }

    return {
      next(event) {
        intake.offer(event, active < concurrency)
        startMore()
      },
      complete() {
        completing = true
        startMore()
      },
    }
  })
}
