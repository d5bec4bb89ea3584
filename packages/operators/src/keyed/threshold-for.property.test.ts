import { VirtualClock } from '@rxsse/testing/virtual-time'
import fc from 'fast-check'
import { Subject } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { threshold } from './threshold.ts'

interface Metric {
  readonly at: number
  readonly host: string
  readonly cpu: number
}

const levels = { warning: 75, critical: 90 }

describe('threshold with `for`, for any values', () => {
  const steps = fc.array(
    fc.record({
      wait: fc.integer({ min: 1, max: 12 }),
      cpu: fc.constantFrom(0, 71, 76, 86, 91),
      host: fc.constantFrom('a', 'b'),
    }),
    { maxLength: 40, size: 'max' },
  )

  it('enters a level that all values of the time have reached, and leaves one that none of them has', () => {
    fc.assert(
      fc.property(
        steps,
        fc.integer({ min: 1, max: 20 }),
        fc.constantFrom(0, 6),
        fc.boolean(),
        (list, hold, hysteresis, byClock) => {
          let at = 0
          const metrics = list.map(({ wait, cpu, host }) => {
            at += wait
            return { at, cpu, host }
          })
          const clock = new VirtualClock()
          const source = new Subject<Metric>()
          const seen: string[] = []
          source
            .pipe(
              threshold({
                value: (m) => m.cpu,
                key: (m) => m.host,
                ...(!byClock && { timestamp: (m) => m.at }),
                levels,
                hysteresis,
                for: hold,
                changesOnly: true,
                scheduler: clock,
              }),
            )
            .subscribe(({ event, previous, level }) =>
              seen.push(`${event.host} ${event.at} ${previous} ${level}`),
            )
          for (const m of metrics) {
            if (byClock) clock.advanceTo(m.at)
            source.next(m)
          }
          const end = at
          expect(seen.toSorted()).toEqual(
            ['a', 'b'].flatMap((host) => model(metrics, host, hold, hysteresis, end)).toSorted(),
          )
        },
      ),
      { numRuns: 1000 },
    )
  })
})

/** Millisecond by millisecond: the level is as close to where it was as the levels reached in the last `hold` ms allow. */
function model(
  metrics: readonly Metric[],
  host: string,
  hold: number,
  hysteresis: number,
  end: number,
): string[] {
  const names = ['normal', 'warning', 'critical']
  const bounds = [Number.NEGATIVE_INFINITY, 75, 90]
  const reached: number[] = []
  const changes: string[] = []
  let level = 0
  let newest: Metric | undefined
  for (let now = 0; now <= end; now++) {
    const last = reached.slice(Math.max(0, now - hold))
    // Before the first millisecond nothing had been reached.
    const missing = Math.max(0, hold - now)
    const lowest = Math.min(...last, ...(missing > 0 ? [0] : []))
    const highest = Math.max(...last, ...(missing > 0 ? [0] : []))
    const next = Math.min(Math.max(level, lowest), highest)
    if (next !== level) changes.push(`${host} ${newest?.at} ${names[level]} ${names[next]}`)
    level = next
    let to = reached.at(-1) ?? 0
    const current = metrics.find((m) => m.at === now && m.host === host)
    if (current !== undefined) {
      newest = current
      const from = to
      while (current.cpu >= (bounds[to + 1] ?? Number.NaN)) to++
      while (current.cpu < (bounds[to] as number) - (to <= from ? hysteresis : 0)) to--
    }
    reached.push(to)
  }
  return changes
}
