import { VirtualClock } from '@rxsse/testing/virtual-time'
import { concatMap, defer, finalize, of, Subject, timer } from 'rxjs'
import { type ProcessWithOptions, processWith } from '../src/flow/process-with.ts'

/** Handles events of `[id, how long it takes]` on virtual time. */
export function processed(options: ProcessWithOptions<[number, number]>) {
  const clock = new VirtualClock()
  const source = new Subject<[number, number]>()
  const seen: [time: number, id: number][] = []
  const endings: unknown[] = []
  let active = 0
  let mostActive = 0
  const work = ([id, takes]: [number, number]) =>
    defer(() => {
      mostActive = Math.max(mostActive, ++active)
      return timer(takes, clock).pipe(
        concatMap(() => of(id)),
        finalize(() => active--),
      )
    })
  const subscription = source.pipe(processWith(work, options)).subscribe({
    next: (id) => seen.push([clock.now(), id]),
    error: (error) => endings.push(error),
    complete: () => endings.push('complete'),
  })
  return { clock, source, seen, endings, subscription, mostActive: () => mostActive, active: () => active }
}
