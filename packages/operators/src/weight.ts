import { shapeOf } from './shape.ts'

/** What an event weighs. Throws a `RangeError` where that is no weight: NaN is above no limit, and would lift them all. */
export function weightOf<T>(operator: string, weigh: (event: T) => number, event: T): number {
  const weight = weigh(event)
  if (weight >= 0) return weight
  throw new RangeError(`${operator}: weight must be a number of 0 or more, not ${shapeOf(weight)}`)
}
