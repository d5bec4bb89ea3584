import type { Ledger } from './counts.ts'

/** Takes what a callback threw, and the event it threw for. */
export type OnError<T> = (error: unknown, event: T) => void

/** Counts the event as rejected and hands it to `onError`. Without one, what was thrown goes on and errors the stream. */
export function reject<T>(ledger: Ledger, onError: OnError<T> | undefined, error: unknown, event: T): void {
  if (onError === undefined) throw error
  ledger.rejected++
  onError(error, event)
}
