import { combineLatest, merge, type Observable, take } from 'rxjs'
import type { Clock } from './clock.ts'

/** Emits after `delay`, or when something wakes the stream, but not before `earliest`. */
export function wait(
  { delay, earliest }: { readonly delay: number; readonly earliest: number },
  clock: Clock,
  wakes: Observable<unknown>,
): Observable<unknown> {
  return merge(clock.timer(delay), combineLatest([clock.timer(earliest), wakes])).pipe(take(1))
}
