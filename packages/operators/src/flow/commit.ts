import { optionError } from '@rxsse/shared'
import type { MonoTypeOperatorFunction, Subscriber } from 'rxjs'
import { ContiguousPrefix, type Part } from '../engine/queues/contiguous-prefix.ts'
import { operate, type StageOptions } from '../stage/operate.ts'
import { isAttachable, type Stage } from '../stage/stage.ts'
import { readLastEventId, StageFollower } from './stage-follower.ts'

/** Keeps the last event ID between two runs, as `fileCheckpoint` and `storageCheckpoint` of `@rxsse/core` do. */
export interface CommitTarget {
  /** Saves the ID. May return a promise. */
  save(id: string): unknown
}

export interface CommitOptions extends StageOptions {
  /**
   * The stage of an operator above, or several from the top down. An event is handled when the last stage is done with it (its
   * function has finished, every window or group with it is emitted), or when a stage has filtered, dropped or rejected it.
   * Default: an event is handled when `commit` has passed it on.
   */
  readonly after?: Stage | readonly Stage[]
}

/**
 * Saves how far the stream is handled, so that the next run can start there: the `lastEventId` at the end of the
 * contiguous prefix of handled events. After a crash the events that were being handled come again. None is left out.
 *
 * ```ts
 * const checkpoint = fileCheckpoint('cursor')
 * const stored = createStage('stored')
 * fromEventSource(url, { lastEventId: checkpoint.load })
 *   .pipe(processWith(store, { concurrency: 4, stage: stored }), commit(checkpoint, { after: stored }))
 *   .subscribe()
 * ```
 *
 * Below an operator that takes its time, give that operator's stage as `after`: `commit` cannot see by itself what the
 * operators above it still hold. If no operator above uses the stage, the stream errors.
 *
 * One save runs at a time. Then the last ID that came meanwhile is saved. A failed save errors the stream.
 *
 * Emits when the source emits.
 * Drops nothing.
 * Completes when the source has completed and the last ID is saved.
 * Unsubscribes from the source at once, and does not wait for a save.
 */
export function commit<T>(
  checkpoint: CommitTarget,
  options: CommitOptions = {},
): MonoTypeOperatorFunction<T> {
  const { after, stage } = options
  if (typeof checkpoint?.save !== 'function') {
    throw optionError('commit: checkpoint', 'an object with save(id)', checkpoint)
  }
  const stages = [after ?? []].flat().map((each) => {
    if (isAttachable(each)) return each
    throw optionError('commit: after', 'a stage made by createStage()', each)
  })

  return operate<T, T>('commit', stage, ({ out, counts }) => {
    const saver = createSaver(checkpoint, out)
    const prefix = new ContiguousPrefix<string>()
    const follower = new StageFollower(stages, prefix, (id) => saver.save(id))
    out.add(follower)

    function settle(part: Part<string>): void {
      const moved = prefix.settle(part)
      if (moved !== undefined) saver.save(moved.end)
    }

    function errorIfNotFollowing(): void {
      const missing = follower.missing
      if (missing === undefined || out.closed) return
      out.error(
        new Error(
          `commit: no operator above that can tell how far it is uses the stage "${missing.name}" that commit waits for`,
        ),
      )
    }

    return {
      next(value) {
        const part = stages.length === 0 ? prefix.add(readLastEventId(value)) : undefined
        counts.out++
        out.next(value)
        if (part !== undefined) settle(part)
      },
      subscribed: errorIfNotFollowing,
      complete() {
        errorIfNotFollowing()
        saver.complete()
      },
    }
  })
}

/** Saves one ID at a time, then the last one that came meanwhile. Completes `out` when the last one is saved. */
function createSaver(checkpoint: CommitTarget, out: Subscriber<unknown>) {
  let saved = ''
  let unsaved = ''
  let isSaving = false
  let isCompleting = false

  function saveNext(): void {
    if (isSaving || out.closed) return
    const id = unsaved
    if (id === saved) {
      if (isCompleting) out.complete()
      return
    }
    isSaving = true
    const done = () => {
      isSaving = false
      saved = id
      saveNext()
    }
    try {
      const result = checkpoint.save(id)
      // One answer, also of a thenable that settles twice.
      if (isPromiseLike(result)) Promise.resolve(result).then(done, (error) => out.error(error))
      else done()
    } catch (error) {
      out.error(error)
    }
  }

  return {
    save(id: string): void {
      unsaved = id
      saveNext()
    },
    complete(): void {
      isCompleting = true
      saveNext()
    },
  }
}

function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
