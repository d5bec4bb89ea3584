import type { ObservableInput, OperatorFunction } from 'rxjs'
import { shapeOf } from '../shape.ts'
import { operate } from '../stage/operate.ts'
import { type OnError, reject } from '../stage/reject.ts'
import { handling } from './job-runner.ts'

export interface ConflateWithOptions<T, A> {
  /** Takes what `fold` throws, with the event, which is left out. Default: the stream errors. */
  readonly onFoldError?: OnError<T>
  /** Takes what `fn` throws or rejects with; the stream goes on with what has come since. Default: the stream errors. */
  readonly onError?: OnError<A>
}

/**
 * Hands events to a function, and folds those that come while it is busy into one: the newest state for a slow reader,
 * in the memory of one.
 *
 * ```ts
 * prices$.pipe(conflateWith((book: Map<string, number> = new Map(), p) => book.set(p.symbol, p.price), (book) => draw(book)))
 * ```
 *
 * Emits when `fn`'s promise or observable does.
 * Drops nothing: every event is in something that `fn` is given.
 * Completes when the source has completed and everything is handled.
 * Unsubscribes from the source and from what is under way.
 */
export function conflateWith<T, A, R>(
  fold: (pending: A | undefined, event: T) => A,
  fn: (folded: A) => ObservableInput<R>,
  options: ConflateWithOptions<T, A> = {},
): OperatorFunction<T, R> {
  if (typeof fold !== 'function') throw new TypeError(`conflateWith needs a fold, not ${shapeOf(fold)}`)
  if (typeof fn !== 'function') throw new TypeError(`conflateWith needs a function, not ${shapeOf(fn)}`)
  const { onError, onFoldError } = options

  return operate<T, R>((stage) => {
    const { ledger } = stage
    let pending: Folded<A> | undefined
    const { startMore, complete } = handling<Folded<A>, A, R>(stage, {
      fn,
      concurrency: 1,
      onError,
      take() {
        const folded = pending
        pending = undefined
        return folded
      },
      inputOf: ({ value }) => value,
      settle({ events, ticket }, as) {
        ledger[as] += events
        if (ticket !== undefined) ledger.tracker?.handled(ticket)
      },
    })

    return {
      next(event) {
        try {
          const value = fold(pending?.value, event)
          if (pending === undefined) pending = { value, events: 1, ticket: ledger.tracker?.arrived(event) }
          else {
            pending.value = value
            pending.events++
            if (pending.ticket !== undefined) ledger.tracker?.joined(pending.ticket, event)
          }
        } catch (error) {
          reject(ledger, onFoldError, error, event)
          return
        }
        startMore()
      },
      complete,
    }
  })
}

interface Folded<A> {
  value: A
  events: number
  readonly ticket: number | undefined
}
