import { optionError, requireFunction } from '@rxsse/shared'
import { Observable, type SchedulerLike, type Subscription } from 'rxjs'
import { VirtualClock } from './virtual-clock.ts'

/** A value of the source, and its time in milliseconds after the subscription. */
export type ScriptStep<T> = readonly [at: number, value: T]

/** A notification of the pipeline, and its time in milliseconds. */
export type Notification<T> =
  | { readonly at: number; readonly value: T }
  | { readonly at: number; readonly error: unknown }
  | { readonly at: number; readonly complete: true }

export interface RunVirtualOptions {
  /** How the source ends after its last step. Default `'complete'`. */
  readonly end?: 'complete' | 'never' | { readonly error: unknown }
  /** When the source ends, in milliseconds. Default: at its last step. */
  readonly endAt?: number
  /** When the pipeline is unsubscribed, in milliseconds. Default: after the last timer. Needed if every timer sets another one. */
  readonly until?: number
}

/**
 * Runs a pipeline in virtual time: an hour takes no time, and every run gives the same result. The source is cold: a
 * new subscription, such as that of `retry`, starts the script again.
 *
 * Pass the clock to every operator that takes a scheduler. Promises and `setTimeout` do not run in virtual time.
 *
 * @example
 * ```ts
 * runVirtual([[0, 'a'], [30, 'b'], [400, 'c']], (letters, clock) => letters.pipe(debounceTime(100, clock)))
 * // [{ at: 130, value: 'b' }, { at: 400, value: 'c' }, { at: 400, complete: true }]
 * ```
 *
 * @throws TypeError if the time of a step is negative, not finite, or before the previous step.
 * @throws Error if a timer is still set after the pipeline has ended or was unsubscribed.
 */
export function runVirtual<In, Out>(
  script: readonly ScriptStep<In>[],
  pipeline: (source: Observable<In>, clock: VirtualClock) => Observable<Out>,
  { end = 'complete', endAt, until }: RunVirtualOptions = {},
): Notification<Out>[] {
  const last = checkScript(script)
  requireFunction(pipeline, 'pipeline')
  if (
    end !== 'complete' &&
    end !== 'never' &&
    (typeof end !== 'object' || end === null || !('error' in end))
  ) {
    throw optionError('end', "'complete', 'never' or { error }", end)
  }
  if (endAt !== undefined && !(endAt >= last && endAt < Number.POSITIVE_INFINITY)) {
    throw optionError('endAt', `at or after the last step, ${last} ms`, endAt)
  }
  if (until !== undefined && !(until >= 0 && until < Number.POSITIVE_INFINITY)) {
    throw optionError('until', 'a finite number of milliseconds from 0', until)
  }
  const clock = new VirtualClock()
  const source = new Observable<In>((subscriber) => {
    const timers = script.map(([at, value]) => after(clock, at, () => subscriber.next(value)))
    if (end !== 'never') {
      timers.push(
        after(clock, endAt ?? last, () =>
          end === 'complete' ? subscriber.complete() : subscriber.error(end.error),
        ),
      )
    }
    return () => {
      for (const timer of timers) timer.unsubscribe()
    }
  })

  const seen: Notification<Out>[] = []
  const subscription = pipeline(source, clock).subscribe({
    next: (value) => seen.push({ at: clock.now(), value }),
    error: (error: unknown) => seen.push({ at: clock.now(), error }),
    complete: () => seen.push({ at: clock.now(), complete: true }),
  })
  if (until === undefined) clock.runOut()
  else clock.advanceTo(until)
  subscription.unsubscribe()
  if (clock.timers > 0) throw new Error(`the pipeline has ended but left timers: ${clock.timers}`)
  return seen
}

function after(clock: SchedulerLike, delay: number, work: () => void): Subscription {
  return clock.schedule(work, delay)
}

function checkScript(script: readonly ScriptStep<unknown>[]): number {
  if (!Array.isArray(script)) throw optionError('script', 'a list of steps: [at, value]', script)
  let last = 0
  for (const [index, step] of script.entries()) {
    const at: unknown = Array.isArray(step) ? step[0] : undefined
    if (typeof at !== 'number' || !(at >= last) || !Number.isFinite(at)) {
      throw optionError(`script[${index}]: the time`, `a number of milliseconds from ${last}`, at)
    }
    last = at
  }
  return last
}
