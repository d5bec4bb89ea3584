import { optionError } from '@rxsse/shared'
import type { Counts } from './counts.ts'

/**
 * Takes what does not go downstream: a function, or an observer (a `Subject`) whose `next` is called.
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

/** Takes what a callback threw, and the event it threw for. */
export type OnError<T> = (error: unknown, event: T) => void

/** Counts the event as rejected and calls `onError`. Without `onError` it throws, which errors the stream. */
export function rejectEvent<T>(
  counts: Counts,
  onError: OnError<T> | undefined,
  error: unknown,
  event: T,
): void {
  if (onError === undefined) throw error
  counts.rejected++
  onError(error, event)
}
