import type { MonoTypeOperatorFunction } from 'rxjs'
import { ContiguousPrefix } from '../engine/queues/contiguous-prefix.ts'
import { shapeOf } from '../shape.ts'
import { InnerSubscriber } from '../stage/inner-subscriber.ts'
import { attach } from '../stage/operate.ts'

/** Where the last event ID is kept from one run to the next. `fileCheckpoint` and `storageCheckpoint` of `@rxsse/core` are such. */
export interface CommitTarget {
  /** Keeps the id; where that takes time, answers a promise. */
  save(id: string): unknown
}

/**
 * Saves how far the stream has been handled, so that the next run starts there: the `lastEventId` at the end of the
 * contiguous prefix of handled events. Right below `processWith`, `batchWith` or `conflateWith` an event is handled
 * when their function is done with it, in whatever order that is; below anything else, when it has been passed on here. What
 * was under way at a crash comes again (at least once), nothing is left out.
 *
 * ```ts
 * const checkpoint = fileCheckpoint('cursor')
 * fromEventSource(url, { lastEventId: checkpoint.load }).pipe(processWith(store, { concurrency: 4 }), commit(checkpoint)).subscribe()
 * ```
 *
 * One save is under way at a time; of the ids that come meanwhile the last is saved next. A save that fails errors the
 * stream.
 *
 * Emits when the source emits.
 * Drops nothing.
 * Completes when the source has completed and the last id is saved.
 * Unsubscribes from the source at once; a save under way is not waited for.
 */
export function commit<T>(checkpoint: CommitTarget): MonoTypeOperatorFunction<T> {
  if (typeof checkpoint?.save !== 'function') {
    throw new TypeError(`commit needs a checkpoint with save(id), not ${shapeOf(checkpoint)}`)
  }
  return attach((out, ledger) => {
    const prefix = new ContiguousPrefix<string>()
    let isTracked = false
    let saved = ''
    let unsaved = ''
    let saving = false
    let completing = false

    function saveNext(): void {
      if (saving || out.closed) return
      if (unsaved === saved) {
        if (completing) out.complete()
        return
      }
      const id = unsaved
      saving = true
      const done = () => {
        saving = false
        saved = id
        saveNext()
      }
      try {
        const result = checkpoint.save(id)
        if (isPromiseLike(result)) result.then(done, (error) => out.error(error))
        else done()
      } catch (error) {
        out.error(error)
      }
    }

    function handled(ticket: number): void {
      const moved = prefix.handled(ticket)
      if (moved === undefined) return
      unsaved = moved.end
      saveNext()
    }

    ledger.tracker = {
      arrived(event) {
        isTracked = true
        return prefix.arrived(lastEventIdOf(event))
      },
      joined: (ticket, event) => prefix.extend(ticket, lastEventIdOf(event)),
      handled,
    }
    return new InnerSubscriber<T>(out, {
      next(value) {
        if (isTracked) {
          out.next(value)
          return
        }
        try {
          const ticket = prefix.arrived(lastEventIdOf(value))
          out.next(value)
          handled(ticket)
        } catch (error) {
          out.error(error)
        }
      },
      error: (error) => out.error(error),
      complete() {
        completing = true
        saveNext()
      },
    })
  })
}

function lastEventIdOf(event: unknown): string {
  if (
    typeof event === 'object' &&
    event !== null &&
    'lastEventId' in event &&
    typeof event.lastEventId === 'string'
  ) {
    return event.lastEventId
  }
  throw new TypeError(
    `commit needs events with a lastEventId, got ${shapeOf(event)}. It belongs right below what handles the events`,
  )
}

function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
