import { optionError, parseDuration } from '@rxsse/shared'
import { Observable } from 'rxjs'
import { createClock } from './clock.ts'
import { Counts, type EventTracker } from './counts.ts'
import type { AttachableStage, FeedCounts, Stage, StageChangesOptions, StageCounts } from './stage.ts'
import { Timer } from './timer.ts'

/**
 * Creates a stage: a handle that holds an operator's counts and that `commit` can wait for.
 *
 * ```ts
 * const hours = createStage('quakes an hour')
 * hours.changes().subscribe(({ late, watermarkLag }) => console.log(late, watermarkLag))
 * quakes$.pipe(windowAggregate(tumbling('1h'), { ..., stage: hours })).subscribe()
 * ```
 *
 * Two operators, or two subscriptions at the same time, cannot share a stage: the second one errors. A subscription
 * after the end of the first, as `retry` and `repeat` make it, starts with new counts.
 */
export function createStage(name: string): Stage {
  if (typeof name !== 'string') throw optionError('createStage: name', 'a string', name)
  return new OperatorStage(name)
}

class OperatorStage implements AttachableStage {
  readonly name: string
  #counts = new Counts()
  /** The operator that uses the stage now. */
  #operator: string | undefined
  #tracker: EventTracker | undefined
  readonly #observers = new Set<CountsObserver>()
  readonly #notify = () => {
    for (const observer of [...this.#observers]) observer.change()
  }

  constructor(name: string) {
    this.name = name
  }

  counts(): StageCounts {
    const { in: entered, out, late, dropped, rejected, buffered, clock } = this.#counts
    const now = clock?.latestTimeOfDay()
    const feeds = this.#counts.feeds?.()
    return {
      name: this.name,
      in: entered,
      out,
      late,
      dropped,
      rejected,
      buffered,
      keys: this.#counts.keys(),
      ...describeMark(this.#counts.watermark(), now),
      feeds: feeds?.map(
        ({ feed, phase, watermark }): FeedCounts => ({ feed, phase, ...describeMark(watermark, now) }),
      ),
    }
  }

  changes({ every = '1s', scheduler }: StageChangesOptions = {}): Observable<StageCounts> {
    const interval = parseDuration(every, 'stage.changes: every')
    const clock = createClock(scheduler)
    return new Observable((out) => {
      let previous = ''
      const emit = () => {
        const counts = this.counts()
        // The lag grows by itself, which is no change.
        const current = JSON.stringify(counts, (key, value) => (key === 'watermarkLag' ? undefined : value))
        if (current === previous) return
        previous = current
        out.next(counts)
      }
      const timer = new Timer(clock, emit)
      const observer: CountsObserver = {
        change() {
          if (interval === 0) emit()
          else if (!timer.isSet) timer.set(clock.now() + interval)
        },
        end() {
          timer.clear()
          emit()
        },
      }
      this.#observers.add(observer)
      this.#observe()
      out.add(timer)
      out.add(() => {
        this.#observers.delete(observer)
        this.#observe()
      })
    })
  }

  attach(operator: string, counts: Counts): void {
    if (this.#operator !== undefined) {
      throw new Error(
        `${operator}: ${this.#operator} already uses the stage "${this.name}". Create a stage for each operator and each subscription`,
      )
    }
    this.#operator = operator
    this.#counts = counts
    counts.tracker = this.#tracker
    this.#observe()
  }

  detach(): void {
    this.#operator = undefined
    this.#counts.onChange = undefined
    // An operator that was ended while it emitted may count more, and its state must not be kept alive.
    this.#counts = copyCounts(this.#counts)
    for (const observer of [...this.#observers]) observer.end()
  }

  follow(tracker: EventTracker): () => void {
    // Events that came before would not be followed, and an id after them would be saved too early.
    if (this.#operator !== undefined) {
      throw new Error(
        `commit: ${this.#operator} already uses the stage "${this.name}". Put commit below it, and create a stage for each subscription`,
      )
    }
    if (this.#tracker !== undefined) {
      throw new Error(`commit: another commit follows the stage "${this.name}"`)
    }
    this.#tracker = tracker
    return () => {
      this.#tracker = undefined
    }
  }

  /** An operator whose stage nobody observes has no callback to call. */
  #observe(): void {
    if (this.#operator === undefined) return
    this.#counts.onChange = this.#observers.size === 0 ? undefined : this.#notify
  }
}

/** The counts as they are now, which do not change any more. */
function copyCounts({
  in: entered,
  out,
  late,
  dropped,
  rejected,
  isComplete,
  clock,
  ...live
}: Counts): Counts {
  const [keys, watermark, feeds] = [live.keys(), live.watermark(), live.feeds?.()]
  return Object.assign(new Counts(), {
    in: entered,
    out,
    late,
    dropped,
    rejected,
    isComplete,
    clock,
    keys: () => keys,
    watermark: () => watermark,
    feeds: feeds === undefined ? undefined : () => feeds,
  })
}

interface CountsObserver {
  change(): void
  end(): void
}

function describeMark(mark: number | undefined, now: number | undefined) {
  const watermark = mark === Number.NEGATIVE_INFINITY ? undefined : mark
  return {
    watermark,
    watermarkLag: watermark === undefined || now === undefined ? undefined : now - watermark,
  }
}
