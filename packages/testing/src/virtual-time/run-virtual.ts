import { Observable, type SchedulerLike, type Subscription } from 'rxjs'
import { VirtualClock } from './virtual-clock.ts'

/** When something comes, in milliseconds from the subscription, and what. */
export type ScriptStep<T> = readonly [at: number, value: T]

/** What a pipeline did, and when. */
export type Notification<T> =
  | { readonly at: number; readonly value: T }
  | { readonly at: number; readonly error: unknown }
  | { readonly at: number; readonly complete: true }

export interface RunVirtualOptions {
  /** How the source ends, after its last step: by completing, by an error, or not at all. Default `'complete'`. */
  readonly end?: 'complete' | 'never' | { readonly error: unknown }
  /** When the source ends. Default: with its last step. */
  readonly endAt?: number
  /** When the pipeline is unsubscribed, in milliseconds. Default: when every timer has run. Needed where a timer always sets another. */
  readonly until?: number
}

/**
 * Runs a pipeline in virtual time: an hour takes no time at all, and comes out the same each time. The source is cold: whoever
 * subscribes to it again, as `retry` does, gets the script from the start, from that moment on.
 *
 * Give the clock to whatever takes a scheduler; what uses promises or timers of its own is not in virtual time.
 *
 * @example
 * ```ts
 * runVirtual([[0, 'a'], [30, 'b'], [400, 'c']], (letters, clock) => letters.pipe(debounceTime(100, clock)))
 * // [{ at: 130, value: 'b' }, { at: 400, value: 'c' }, { at: 400, complete: true }]
 * ```
 *
 * @throws RangeError where a step's time is no number from 0 on, or before the step before it.
 * @throws Error where the pipeline leaves a timer behind after it has ended or was unsubscribed.
 */
export function runVirtual<In, Out>(
  script: readonly ScriptStep<In>[],
  pipeline: (source: Observable<In>, clock: VirtualClock) => Observable<Out>,
  { end = 'complete', endAt, until }: RunVirtualOptions = {},
): Notification<Out>[] {
  const last = checkScript(script)
  if (endAt !== undefined && !(endAt >= last)) {
    throw new RangeError(`endAt must be at the last step, ${last}, or after it, got ${endAt}`)
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
  if (clock.timers > 0) throw new Error(`the pipeline is over and has left timers behind: ${clock.timers}`)
  return seen
}

function after(clock: SchedulerLike, delay: number, work: () => void): Subscription {
  return clock.schedule(work, delay)
}

function checkScript(script: readonly ScriptStep<unknown>[]): number {
  let last = 0
  for (const [index, [at]] of script.entries()) {
    if (!(at >= last) || !Number.isFinite(at)) {
      throw new RangeError(
        `script[${index}] must come at a number of milliseconds from ${last} on, got ${String(at)}`,
      )
    }
    last = at
  }
  return last
}
