import { optionError } from '@rxsse/shared'

/** How many there may be: a whole number of at least `least`, or `Infinity`. Half a key more would be a key more. */
export function requireLimit(value: unknown, option: string, least: number): number {
  if (value === Number.POSITIVE_INFINITY || (Number.isInteger(value) && (value as number) >= least))
    return value as number
  throw optionError(option, `a whole number of at least ${least}, or Infinity`, value)
}
