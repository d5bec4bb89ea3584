/** Sums of floats depend on their order a little. */
const TOLERANCE = 1e-9

/** Whether two values are equal, with numbers that are close. Compares arrays, maps, sets and plain objects by their content. */
export function isClose(a: unknown, b: unknown): boolean {
  if (typeof a === 'number' && typeof b === 'number') {
    if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return true
    return Math.abs(a - b) <= TOLERANCE * Math.max(Math.abs(a), Math.abs(b), 1)
  }
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return Object.is(a, b)
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false
  if (a instanceof Date && b instanceof Date) return isClose(a.getTime(), b.getTime())
  const [x, y] = [entriesOf(a), entriesOf(b)]
  return (
    x.length === y.length && x.every(([name, value], i) => y[i]?.[0] === name && isClose(value, y[i]?.[1]))
  )
}

function entriesOf(value: object): readonly (readonly [unknown, unknown])[] {
  if (value instanceof Map) return [...value]
  if (value instanceof Set) return [...value].map((member, i) => [i, member])
  return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
}
