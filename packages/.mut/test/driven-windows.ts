import { VirtualClock } from '@rxsse/testing/virtual-time'
import { Subject } from 'rxjs'
import type { WindowSpec } from '../src/window/spec.ts'
import { type WindowAggregateOptions, windowAggregate } from '../src/window/window-aggregate.ts'

export interface Reading {
  readonly at: number
  readonly sensor: string
  readonly value: number
  readonly note?: string
}

export function at(time: number, value = 1, sensor = 'a'): Reading {
  return { at: time, sensor, value }
}

type Options = Omit<WindowAggregateOptions<Reading, string, never>, 'aggregates' | 'fill' | 'scheduler'> & {
  readonly fill?: true | 'previous'
}

/** Results as `[clock, key, start, end, number of events, pane, revision]`. */
export function driven(spec: WindowSpec, options: Options = {}) {
  const clock = new VirtualClock()
  const source = new Subject<Reading>()
  const seen: unknown[] = []
  const endings: unknown[] = []
  source
    .pipe(
      windowAggregate(spec, {
        timestamp: (r: Reading) => r.at,
        ...options,
        scheduler: clock,
        aggregates: (a) => ({ n: a.count() }),
      }),
    )
    .subscribe({
      next: ({ key, window, value, pane, revision }) =>
        seen.push([clock.now(), key, window.start, window.end, value.n, pane, revision]),
      error: (error) => endings.push(error),
      complete: () => endings.push('complete'),
    })
  const taken = () => seen.splice(0)
  return { clock, source, taken, endings }
}
