import { from } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { reorder } from './reorder.ts'
import { hopping, session, tumbling } from './spec.ts'
import { windowAggregate } from './window-aggregate.ts'

interface Timed {
  readonly time: number | Date
}

const timestamp = (event: Timed) => event.time

/** What a stream without a schema may well have for a time. */
const noTimes: readonly unknown[] = [
  null,
  undefined,
  '',
  '5',
  [],
  true,
  {},
  new Date(Number.NaN),
  Number.NaN,
  Number.POSITIVE_INFINITY,
]

describe('a timestamp', () => {
  it.each(noTimes)('is not %j, which goes to onInvalid and is not a time in 1970', (time) => {
    const invalid: unknown[] = []
    const results: unknown[] = []
    const odd = { time: time as number }
    from([{ time: 5 }, odd, { time: 6 }])
      .pipe(
        windowAggregate(tumbling(10), {
          timestamp,
          onInvalid: (event) => invalid.push(event),
          aggregates: (a) => ({ n: a.count() }),
        }),
      )
      .subscribe(({ value }) => results.push(value.n))
    expect(results).toEqual([2])
    expect(invalid).toEqual([odd])

    from([odd])
      .pipe(reorder({ timestamp, onInvalid: (event) => invalid.push(event) }))
      .subscribe()
    expect(invalid).toEqual([odd, odd])
  })

  it('has no sign if it is 0', () => {
    const windows: unknown[] = []
    for (const spec of [session(10), tumbling(10), hopping({ size: 10, every: 5 })])
      from([{ time: -0 }])
        .pipe(windowAggregate(spec, { timestamp, aggregates: (a) => ({ n: a.count() }) }))
        .subscribe(({ window }) => windows.push(window.start, window.end))
    expect(windows).toEqual([0, 10, 0, 10, -5, 5, 0, 10])
  })

  it('may be a Date', () => {
    const starts: number[] = []
    from<Timed[]>([{ time: new Date(15) }])
      .pipe(windowAggregate(tumbling(10), { timestamp, aggregates: (a) => ({ n: a.count() }) }))
      .subscribe(({ window }) => starts.push(window.start))
    expect(starts).toEqual([10])
  })

  it.each([
    ['tumbling', tumbling(1)],
    ['hopping', hopping({ size: 60_000, every: 7 })],
    ['session', session(5)],
  ] as const)('so far away that windows cannot be told apart there is none: %s', (_, spec) => {
    const invalid: number[] = []
    let counted = 0
    from([0, 1e300, 1.5e300, 8.64e15, -8.64e15, -1e17, 1].map((time) => ({ time })))
      .pipe(
        windowAggregate(spec, {
          timestamp,
          allowedLateness: 1e17,
          onInvalid: ({ time }) => invalid.push(Number(time)),
          aggregates: (a) => ({ n: a.count() }),
        }),
      )
      .subscribe(() => counted++)
    expect(invalid).toEqual([1e300, 1.5e300, -1e17])
    expect(counted).toBeGreaterThan(0)
  })

  it('errors if windows of less than a millisecond cannot be told apart', () => {
    const errors: unknown[] = []
    from([{ time: 8.64e15 }])
      .pipe(windowAggregate(tumbling(0.001), { timestamp, aggregates: (a) => ({ n: a.count() }) }))
      .subscribe({ error: (error) => errors.push(error.message) })
    expect(errors).toEqual(['windows of 0.001 ms cannot be told apart at 8640000000000000'])
  })
})
