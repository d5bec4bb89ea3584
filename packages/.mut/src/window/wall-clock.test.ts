import { asyncScheduler, Subject } from 'rxjs'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { tumbling } from './spec.ts'
import { windowAggregate } from './window-aggregate.ts'

const MINUTE = 60_000
const NOW = 1_700_000_040_000

/** Windows on the clock of the system, which the test sets. Results are `[seconds since the start, n]`. */
function windows(options: {
  readonly size: number
  readonly maxFutureDrift?: number
  readonly timed?: boolean
}) {
  const source = new Subject<number>()
  const results: unknown[] = []
  const late: number[] = []
  const { size, timed = false, ...rest } = options
  source
    .pipe(
      windowAggregate(tumbling(size), {
        ...rest,
        ...(timed && { timestamp: (time: number) => time }),
        late: (time) => late.push(time),
        scheduler: asyncScheduler,
        aggregates: (a) => ({ n: a.count() }),
      }),
    )
    .subscribe(({ window, value }) => results.push([(window.start - NOW) / 1000, value.n]))
  return { source, results, late }
}

describe('windows on the clock of the system', () => {
  beforeEach(() => {
    vi.useFakeTimers({
      toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'],
      now: NOW,
    })
  })
  afterEach(() => vi.useRealTimers())

  it.each([
    ['back', -5 * MINUTE],
    ['ahead', 60 * MINUTE],
  ])('without `timestamp` have every second once, if the clock is set %s meanwhile', async (_, jump) => {
    const { source, results, late } = windows({ size: 1000 })
    for (let i = 0; i < 8; i++) {
      if (i === 4) vi.setSystemTime(Date.now() + jump)
      source.next(i)
      await vi.advanceTimersByTimeAsync(500)
    }
    await vi.advanceTimersByTimeAsync(1000)
    expect(results).toEqual([
      [0, 2],
      [1, 2],
      [2, 2],
      [3, 2],
    ])
    expect(late).toEqual([])
  })

  it('with `maxFutureDrift` follow timestamps made by a clock that is set ahead like this one', async () => {
    const { source, results, late } = windows({ size: 1000, maxFutureDrift: MINUTE, timed: true })
    source.next(NOW)
    vi.setSystemTime(NOW + 60 * MINUTE)
    source.next(NOW + 60 * MINUTE)
    expect(results).toEqual([[0, 1]])
    source.next(NOW + 60 * MINUTE + 1000)
    expect(results).toEqual([
      [0, 1],
      [3600, 1],
    ])
    expect(late).toEqual([])
  })

  it('with `maxFutureDrift` go on if only this clock is set back', async () => {
    const { source, results, late } = windows({ size: 1000, maxFutureDrift: MINUTE, timed: true })
    source.next(NOW)
    await vi.advanceTimersByTimeAsync(1000)
    vi.setSystemTime(Date.now() - 5 * MINUTE)
    source.next(NOW + 1000)
    expect(results).toEqual([[0, 1]])
    await vi.advanceTimersByTimeAsync(10_000)
    source.next(NOW + 11_000)
    expect(results).toHaveLength(2)
    expect(late).toEqual([])
    // A timestamp that is too far ahead does not move the watermark.
    source.next(NOW + 11_000 + 2 * MINUTE)
    source.next(NOW + 11_500)
    expect(late).toEqual([])
  })
})
