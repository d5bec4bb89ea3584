import { requireFunction } from '@rxsse/shared'
import type { ObservableInput, OperatorFunction } from 'rxjs'
import type { Part } from '../engine/queues/contiguous-prefix.ts'
import { followEvent, settleEvent } from '../stage/follow.ts'
import { operateSerialized, type StageOptions } from '../stage/operate.ts'
import { type OnError, rejectEvent } from '../stage/side-output.ts'
import { JobRunner } from './job-runner.ts'

export interface ConflateWithOptions<T, A> extends StageOptions {
  /** Takes what `fold` throws, and the event, which is left out. Default: the stream errors. */
  readonly onFoldError?: OnError<T>
  /** Takes what `fn` throws or rejects with. The stream goes on with later events. Default: the stream errors. */
  readonly onError?: OnError<A>
}

/**
 * Calls a function for each event, and folds the events that come while it is busy into one value. A slow reader gets the
 * newest state, and memory holds one value.
 *
 * ```ts
 * prices$.pipe(conflateWith((book: Map<string, number> = new Map(), p) => book.set(p.symbol, p.price), (book) => draw(book)))
 * ```
 *
 * Emits when `fn`'s promise or observable emits.
 * Drops nothing: every event is part of a value that `fn` gets.
 * Completes when the source has completed and everything is handled.
 * Unsubscribes from the source and from the running job.
 */
export function conflateWith<T, A, R>(
  fold: (pending: A | undefined, event: T) => A,
  fn: (folded: A) => ObservableInput<R>,
  options: ConflateWithOptions<T, A> = {},
): OperatorFunction<T, R> {
  requireFunction(fold, 'conflateWith: fold')
  requireFunction(fn, 'conflateWith: fn')
  const { onError, onFoldError, stage } = options

  // An event that `fold` sends itself must not come between the value that `fold` has taken and the one that it returns.
  return operateSerialized<T, R>('conflateWith', stage, (context) => {
    const { counts } = context
    counts.tracker?.onStart()
    let pending: Folded<A> | undefined
    const runner = new JobRunner<Folded<A>, A, R>(context, {
      fn,
      concurrency: 1,
      onError,
      take() {
        const folded = pending
        pending = undefined
        return folded
      },
      input: ({ value }) => value,
      settle({ events }, as) {
        counts[as] += events
      },
      forget: ({ part }) => settleEvent(counts, part),
    })

    return {
      state: 'drained',
      next(event) {
        try {
          const value = fold(pending?.value, event)
          if (pending === undefined) pending = { value, events: 1, part: counts.tracker?.onArrival(event) }
          else {
            pending.value = value
            pending.events++
            if (pending.part !== undefined) counts.tracker?.onMerge(pending.part, event)
          }
        } catch (error) {
          rejectEvent(counts, onFoldError, error, event)
          settleEvent(counts, followEvent(counts, event))
          return
        }
        runner.run()
      },
      complete: () => runner.complete(),
    }
  })
}

interface Folded<A> {
  value: A
  events: number
  /** The events as `commit` follows them. */
  readonly part: Part<string> | undefined
}
