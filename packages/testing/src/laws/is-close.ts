/** Sums of floats depend on their order a little. */
const TOLERANCE = 1e-9

/**
 * Whether two values are equal, with finite numbers that are close. Compares arrays and plain objects by their content, maps by
 * key and sets by their members, both in any order.
 */
export function isClose(a: unknown, b: unknown): boolean {
  if (typeof a === 'number' && typeof b === 'number') {
    if (a === b) return true
    if (!(Number.isFinite(a) && Number.isFinite(b))) return Object.is(a, b)
    return Math.abs(a - b) <= TOLERANCE * Math.max(Math.abs(a), Math.abs(b), 1)
  }
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return Object.is(a, b)
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false
  if (a instanceof Date && b instanceof Date) return isClose(a.getTime(), b.getTime())
  if (a instanceof Map && b instanceof Map) return areCloseInAnyOrder([...a], [...b])
  if (a instanceof Set && b instanceof Set) return areCloseInAnyOrder([...a], [...b])
  const [x, y] = [entriesOf(a), entriesOf(b)]
  return (
    x.length === y.length && x.every(([name, value], i) => y[i]?.[0] === name && isClose(value, y[i]?.[1]))
  )
}

/** Whether each item has one of its own in the other list that it is close to. */
function areCloseInAnyOrder(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false
  const left = [...b]
  return a.every((item, i) => {
    // Most lists are in the same order.
    const at = isClose(item, left[i]) ? i : left.findIndex((other) => other !== TAKEN && isClose(item, other))
    if (at === -1) return false
    left[at] = TAKEN
    return true
  })
}

const TAKEN = Symbol('taken')

function entriesOf(value: object): readonly (readonly [string, unknown])[] {
  return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
}
