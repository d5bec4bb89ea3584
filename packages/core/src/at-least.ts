/** The value, where it is a number that large; `option` is the name that the error gives. */
export function atLeast(least: number, value: number, option: string): number {
  if (!(value >= least)) throw new TypeError(`${option} must be a number of at least ${least}, not ${value}`)
  return value
}
