import { optionError } from '@rxsse/shared'

/** Days, weeks or months of the Gregorian calendar. */
export type CalendarUnit = 'day' | 'week' | 'month'

/** The first day of a week, from 1 for Monday to 7 for Sunday (ISO 8601). */
export type Weekday = 1 | 2 | 3 | 4 | 5 | 6 | 7

/**
 * The periods of a calendar in a time zone, by number. A day starts at the first moment of its date, so a day in which clocks
 * change has 23 or 25 hours. If a zone leaves out midnight, the day starts when its clocks go on.
 *
 * Time zones are those of the IANA database, as the runtime's `Intl` has them.
 */
export class Calendar {
  readonly #timeZone: string
  readonly #unit: CalendarUnit
  readonly #firstDay: Weekday
  readonly #format: Intl.DateTimeFormat

  /** Throws a `TypeError` that names `option` for a time zone that the runtime does not know. */
  constructor(unit: CalendarUnit, timeZone: string, firstDay: Weekday, option: string) {
    this.#unit = unit
    this.#timeZone = timeZone
    this.#firstDay = firstDay
    try {
      this.#format = new Intl.DateTimeFormat('en-US', { ...FIELDS, timeZone })
    } catch {
      throw optionError(option, "a time zone such as 'Europe/Berlin'", timeZone)
    }
  }

  /** Equal for calendars with the same periods. */
  get id(): string {
    return `${this.#unit} ${this.#firstDay} ${this.#timeZone}`
  }

  /** The number of the period that contains the timestamp. The period that contains 1970-01-01 is 0, or -1 of some weeks. */
  numberAt(timestamp: number): number {
    const guess = this.#numberOf(timestamp + this.#offsetAt(timestamp))
    // Clocks that go back over midnight show the end of a date twice. The second time belongs to the day that has begun.
    return this.startOf(guess + 1) <= timestamp ? guess + 1 : guess
  }

  /** The timestamp at which a period starts, which is when the one before ends. */
  startOf(number: number): number {
    return this.#startOfDate(this.#dateOf(number))
  }

  /** The number of the period of a local time, given as if it were UTC. */
  #numberOf(local: number): number {
    const day = Math.floor(local / DAY)
    if (this.#unit === 'day') return day
    if (this.#unit === 'week') return Math.floor((day - this.#firstMonday()) / 7)
    const date = new Date(local)
    return (date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth()
  }

  /** The first midnight of a period as a local time, given as if it were UTC. */
  #dateOf(number: number): number {
    if (this.#unit === 'day') return number * DAY
    if (this.#unit === 'week') return (number * 7 + this.#firstMonday()) * DAY
    const date = new Date(0)
    date.setUTCFullYear(1970 + Math.floor(number / 12), number - Math.floor(number / 12) * 12, 1)
    return date.getTime()
  }

  /** The first day from 1970-01-01 on that starts a week. 1970-01-01 was a Thursday. */
  #firstMonday(): number {
    return (this.#firstDay + 3) % 7
  }

  #startOfDate(midnight: number): number {
    // Offsets are less than a day, so these two are the ones before and after any change of clocks near midnight.
    const before = this.#offsetAt(midnight - DAY)
    const after = this.#offsetAt(midnight + DAY)
    for (const offset of before > after ? [before, after] : [after, before]) {
      const start = midnight - offset
      if (this.#offsetAt(start) === offset) return start
    }
    return this.#change(midnight - Math.max(before, after), midnight - Math.min(before, after))
  }

  /** The moment in `(low, high]` at which the offset changes. */
  #change(low: number, high: number): number {
    const before = this.#offsetAt(low)
    let from = low
    let to = high
    while (to - from > 1) {
      const middle = Math.floor((from + to) / 2)
      if (this.#offsetAt(middle) === before) from = middle
      else to = middle
    }
    return to
  }

  /** Local time less UTC, in milliseconds. */
  #offsetAt(timestamp: number): number {
    const fields: Record<string, number> = {}
    // `Intl` leaves out a fraction by rounding towards 1970, so that before it -0.5 would be in 1970.
    for (const { type, value } of this.#format.formatToParts(Math.floor(timestamp))) {
      if (type !== 'literal' && type !== 'era') fields[type] = Number(value)
      else if (type === 'era') fields.sign = value.startsWith('B') ? -1 : 1
    }
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0, sign = 1 } = fields
    // The year before 1 AD is 1 BC, which is year 0 to Date.
    const local = new Date(0)
    local.setUTCFullYear(sign === 1 ? year : 1 - year, month - 1, day)
    local.setUTCHours(hour, minute, second)
    return local.getTime() - Math.floor(timestamp / 1000) * 1000
  }
}

const DAY = 86_400_000

const FIELDS = {
  calendar: 'gregory',
  numberingSystem: 'latn',
  hourCycle: 'h23',
  era: 'short',
  year: 'numeric',
  month: 'numeric',
  day: 'numeric',
  hour: 'numeric',
  minute: 'numeric',
  second: 'numeric',
} as const
