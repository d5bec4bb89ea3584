import fc from 'fast-check'
import { from, toArray } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { type CalendarOptions, tumbling } from './spec.ts'
import { windowAggregate } from './window-aggregate.ts'

const hour = 3_600_000

async function windowsOf(calendar: CalendarOptions, times: readonly number[], allowedLateness = 0) {
  const results = await new Promise<{ window: { start: number; end: number }; value: { n: number } }[]>(
    (resolve, reject) => {
      from(times)
        .pipe(
          windowAggregate(tumbling(calendar), {
            timestamp: (time) => time,
            maxOutOfOrderness: '2d',
            allowedLateness,
            aggregates: (a) => ({ n: a.count() }),
          }),
          toArray(),
        )
        .subscribe({ next: resolve, error: reject })
    },
  )
  return results.map(({ window, value }) => ({ ...window, n: value.n }))
}

describe('calendar windows', () => {
  it('have 23 hours where clocks go on and 25 where they go back', async () => {
    const berlin = { calendar: 'day', timeZone: 'Europe/Berlin' } as const
    const times = ['2026-03-28T23:00Z', '2026-03-29T21:59Z', '2026-03-29T22:00Z'].map(Date.parse)
    expect(await windowsOf(berlin, times)).toEqual([
      { start: Date.parse('2026-03-28T23:00Z'), end: Date.parse('2026-03-29T22:00Z'), n: 2 },
      { start: Date.parse('2026-03-29T22:00Z'), end: Date.parse('2026-03-30T22:00Z'), n: 1 },
    ])
    const [october] = await windowsOf(berlin, [Date.parse('2026-10-25T12:00Z')])
    expect((Number(october?.end) - Number(october?.start)) / hour).toBe(25)
  })

  it('put each event where the calendar on the wall has it', async () => {
    const time = fc.integer({ min: Date.UTC(2026, 2, 20), max: Date.UTC(2026, 3, 10) })
    const zone = fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe')
    const unit = fc.constantFrom('day' as const, 'month' as const)
    await fc.assert(
      fc.asyncProperty(
        fc.array(time, { maxLength: 50, size: 'max' }),
        zone,
        unit,
        async (times, timeZone, calendar) => {
          const sorted = [...times].sort((a, b) => a - b)
          const label = new Intl.DateTimeFormat('sv-SE', {
            timeZone,
            year: 'numeric',
            month: '2-digit',
            ...(calendar === 'day' && { day: '2-digit' }),
          })
          const expected = new Map<string, number>()
          for (const at of sorted) expected.set(label.format(at), (expected.get(label.format(at)) ?? 0) + 1)
          const results = await windowsOf({ calendar, timeZone }, sorted)
          expect(results.map(({ start, n }) => [label.format(start), n])).toEqual([...expected])
        },
      ),
    )
  })

  it('put a fraction of a millisecond before midnight into the day before, also before 1970', async () => {
    expect(await windowsOf({ calendar: 'day' }, [-0.5])).toEqual([{ start: -24 * hour, end: 0, n: 1 }])
    const midnight = Date.parse('1969-03-02T05:00Z')
    expect(await windowsOf({ calendar: 'day', timeZone: 'America/New_York' }, [midnight - 0.5])).toEqual([
      { start: midnight - 24 * hour, end: midnight, n: 1 },
    ])
  })

  it.each([
    ['Pacific/Apia', '2011-12-29T12:00Z', 2],
    ['Pacific/Kwajalein', '1993-08-20T20:00Z', 2],
  ])('are not filled for a day that %s left out', (timeZone, time, days) => {
    const at = Date.parse(time)
    const seen: { start: number; end: number }[] = []
    from([at, at + (days + 1) * 24 * hour])
      .pipe(
        windowAggregate(tumbling({ calendar: 'day', timeZone }), {
          timestamp: (t) => t,
          fill: true,
          aggregates: (a) => ({ n: a.count() }),
        }),
      )
      .subscribe(({ window }) => seen.push(window))
    for (const { start, end } of seen) expect((end - start) / hour).toBe(24)
    expect(seen).toHaveLength(days + 2)
    expect(seen.slice(1).map(({ start }) => start)).toEqual(seen.slice(0, -1).map(({ end }) => end))
  })

  it('drop an event outside the range of dates, and go on', async () => {
    const results = await windowsOf({ calendar: 'week' }, [0, 8.64e15, -8.64e15, 1])
    expect(results).toEqual([{ start: -3 * 24 * hour, end: 4 * 24 * hour, n: 1 }])
  })

  it('refuse what is no calendar', () => {
    expect(() => tumbling({ calendar: 'year' as never })).toThrow(
      "tumbling: calendar must be 'day', 'week' or 'month'",
    )
    expect(() => tumbling({ calendar: 'week', firstDay: 0 as never })).toThrow('tumbling: firstDay must be')
    expect(() => tumbling({ calendar: 'day', timeZone: 'Here' })).toThrow(
      'tumbling: timeZone must be a time zone',
    )
  })
})
