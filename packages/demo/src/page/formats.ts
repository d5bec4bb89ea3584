// The data has dates of its own, so all times are shown in UTC rather than in the local time zone.
const utc = (options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat =>
  new Intl.DateTimeFormat('en', { timeZone: 'UTC', hourCycle: 'h23', ...options })

export const date: Intl.DateTimeFormat = utc({ month: 'short', day: 'numeric', year: 'numeric' })
export const minute: Intl.DateTimeFormat = utc({
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
})
export const percent: Intl.NumberFormat = new Intl.NumberFormat('en', {
  style: 'percent',
  minimumFractionDigits: 1,
  signDisplay: 'always',
})
export const whole: Intl.NumberFormat = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
