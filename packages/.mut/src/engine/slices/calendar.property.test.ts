import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Calendar, type CalendarUnit, type Weekday } from './calendar.ts'

const zones = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  // Half an hour of daylight saving.
  'Australia/Lord_Howe',
  'Asia/Kathmandu',
  // Clocks went on, and back, at midnight.
  'America/Sao_Paulo',
  'Asia/Beirut',
  'America/Havana',
  // Clocks went back at one minute after midnight.
  'America/St_Johns',
  // A whole day was left out.
  'Pacific/Apia',
]

const hour = 3_600_000
const day = 24 * hour

function create(unit: CalendarUnit, zone: string, firstDay: Weekday = 1): Calendar {
  return new Calendar(unit, zone, firstDay, 'tumbling: timeZone')
}

/** The period as the date on a wall shows it. */
function dateOf(timestamp: number, zone: string): string {
  return new Intl.DateTimeFormat('sv-SE', { timeZone: zone }).format(timestamp)
}

const timestamp = fc.integer({ min: Date.UTC(1985, 0), max: Date.UTC(2035, 0) })

describe('the days of a calendar', () => {
  it('are contiguous, contain the timestamp, and start when the date on a wall changes for the first time', () => {
    fc.assert(
      fc.property(timestamp, fc.constantFrom(...zones), (at, zone) => {
        const calendar = create('day', zone)
        const number = calendar.numberAt(at)
        const [start, end] = [calendar.startOf(number), calendar.startOf(number + 1)]
        expect(start).toBeLessThanOrEqual(at)
        expect(end).toBeGreaterThan(at)
        expect(calendar.numberAt(start)).toBe(number)
        expect(calendar.numberAt(end - 1)).toBe(number)
        expect(dateOf(start - 1, zone) < dateOf(start, zone)).toBe(true)
        // No moment before had this date already: clocks go back by an hour or two at the most.
        for (let back = start - 60_000; back > start - 3 * hour; back -= 10 * 60_000) {
          expect(dateOf(back, zone) < dateOf(start, zone)).toBe(true)
        }
      }),
      { numRuns: 500 },
    )
  })

  it.each([
    ['Europe/Berlin', '2026-03-29', 23],
    ['Europe/Berlin', '2026-10-25', 25],
    ['Europe/Berlin', '2026-07-01', 24],
    ['Australia/Lord_Howe', '2026-04-05', 24.5],
    // Midnight to one did not exist.
    ['America/Sao_Paulo', '2018-11-04', 23],
    // 23:00 to midnight came twice.
    ['America/Sao_Paulo', '2018-02-17', 25],
  ])('in %s: %s has %d hours', (zone, date, hours) => {
    const calendar = create('day', zone)
    const number = calendar.numberAt(Date.parse(`${date}T08:00:00Z`))
    expect(dateOf(calendar.startOf(number), zone)).toBe(date)
    expect((calendar.startOf(number + 1) - calendar.startOf(number)) / hour).toBe(hours)
  })

  it('in UTC are the multiples of 24 hours, before 1970 and before 1 AD too', () => {
    const calendar = create('day', 'UTC')
    for (const at of [0, -1, Date.UTC(-1, 5), Date.UTC(1900, 1, 28), 8e15, -8e15]) {
      expect(calendar.startOf(calendar.numberAt(at))).toBe(Math.floor(at / day) * day)
    }
  })
})

describe('the weeks and months of a calendar', () => {
  it('start with days, weeks on the first day of the week, months on their first', () => {
    const firstDay = fc.constantFrom<Weekday>(1, 2, 3, 4, 5, 6, 7)
    fc.assert(
      fc.property(
        timestamp,
        fc.constantFrom('UTC', 'Europe/Berlin', 'Asia/Kathmandu'),
        firstDay,
        (at, zone, first) => {
          for (const unit of ['week', 'month'] as const) {
            const calendar = create(unit, zone, first)
            const number = calendar.numberAt(at)
            const [start, end] = [calendar.startOf(number), calendar.startOf(number + 1)]
            expect(start).toBeLessThanOrEqual(at)
            expect(end).toBeGreaterThan(at)
            const days = create('day', zone)
            expect(days.startOf(days.numberAt(start))).toBe(start)
            const date = new Date(`${dateOf(start, zone)}T00:00:00Z`)
            if (unit === 'month') expect(date.getUTCDate()).toBe(1)
            else expect(date.getUTCDay() || 7).toBe(first)
            if (unit === 'week') expect(days.numberAt(end) - days.numberAt(start)).toBe(7)
          }
        },
      ),
      { numRuns: 300 },
    )
  })
})

it('a time zone that does not exist is refused', () => {
  expect(() => create('day', 'Mars/Olympus')).toThrow(
    'tumbling: timeZone must be a time zone such as \'Europe/Berlin\', not the string "Mars/Olympus"',
  )
})
