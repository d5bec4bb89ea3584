import { optionError } from '@rxsse/shared'

/**
 * Takes what does not go downstream: a function, or an observer such as a `Subject`. Only the observer's `next` is called.
 * If it throws, the stream errors, as with any callback.
 */
export type SideOutput<T> = ((value: T) => void) | { next(value: T): void }

/** The side output as a function. Throws a `TypeError` that names the option. */
export function resolveSideOutput<T>(
  output: SideOutput<T> | undefined,
  option: string,
): ((value: T) => void) | undefined {
  if (output === undefined || typeof output === 'function') return output
  if (typeof output?.next === 'function') return (value) => output.next(value)
  throw optionError(option, 'a function or an observer with next()', output)
}
