/** The smallest number above a finite number that is not subnormal. */
export function nextAfter(number: number): number {
  // A little more than half a unit in the last place rounds up to a whole unit. Exactly half might round back.
  return number + Math.max(Math.abs(number) * 1.2e-16, Number.MIN_VALUE)
}
