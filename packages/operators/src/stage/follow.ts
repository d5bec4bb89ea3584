import type { Part } from '../engine/queues/contiguous-prefix.ts'
import type { Counts, EventTracker } from './counts.ts'

// Functions, not methods of `Counts`: an operator that needs none of them must not have them in its bundle.

interface Output<T> {
  next(value: T): void
}

/** An event has arrived. Returns how a `commit` follows it, if there is one. */
export function followEvent(counts: Counts, event: unknown): Part<string> | undefined {
  return counts.tracker?.onArrival(event)
}

/** An event was emitted, rejected or dropped. */
export function settleEvent(counts: Counts, part: Part<string> | undefined): void {
  if (part !== undefined) counts.tracker?.onSettled(part)
}

/** Emits an event, or what one event has become, and counts the event. Without a `commit` this is the fast path. */
export function emitEvent<T>(counts: Counts, out: Output<T>, value: T, part: Part<string> | undefined): void {
  if (part === undefined) {
    counts.out++
    out.next(value)
  } else emitFollowed(counts, out, value, part)
}

// A function of its own: V8 makes room for what a closure captures when the function around it begins, even if it needs none.
function emitFollowed<T>(counts: Counts, out: Output<T>, value: T, part: Part<string>): void {
  counts.tracker?.passOn(part, counts, () => {
    counts.out++
    out.next(value)
  })
}

/** Emits a result of several events. They are counted and settled apart, after it. */
export function emitResult<T>(counts: Counts, out: Output<T>, value: T): void {
  if (counts.tracker === undefined) out.next(value)
  else emitFollowedResult(counts.tracker, out, value)
}

function emitFollowedResult<T>(tracker: EventTracker, out: Output<T>, value: T): void {
  tracker.emitResult(() => out.next(value))
}
