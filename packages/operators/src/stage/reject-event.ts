import type { Counts } from './counts.ts'

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
