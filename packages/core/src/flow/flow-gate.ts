import { type Observable, Subject } from 'rxjs'
import type { Gate } from '../options.ts'

/** How much may be under way. */
export interface FlowGateOptions {
  /** The gate shuts when so many are acquired. Default 1000. */
  readonly high?: number
  /** And opens when no more than so many are left. Default a quarter of `high`. */
  readonly low?: number
}

/**
 * Counts what is under way, and tells a stream to hold back while that is too much: `acquire` for each event taken in, `release`
 * when it has been dealt with.
 *
 * A stream's reading stops between two reads from its socket, so a few events more than `high` may come: those of one read.
 */
export interface FlowGate extends Gate {
  /** Adds `n` (default 1) to what is under way. */
  acquire(n?: number): void
  /** Takes `n` (default 1) from what is under way, and never more than there is. */
  release(n?: number): void
  readonly changes: Observable<boolean>
}

/** Makes a gate for the `gate` option. */
export function createFlowGate({ high = 1000, low = high / 4 }: FlowGateOptions = {}): FlowGate {
  if (!(low >= 0 && low < high)) {
    throw new TypeError(`a flow gate needs 0 <= low < high, not ${low} and ${high}`)
  }
  const changes = new Subject<boolean>()
  let held = 0
  let shut = false

  const add = (n: number): void => {
    held = Math.max(0, held + n)
    const next = shut ? held > low : held >= high
    if (next === shut) return
    shut = next
    changes.next(shut)
  }
  return {
    get shut() {
      return shut
    },
    changes: changes.asObservable(),
    acquire: (n = 1) => add(n),
    release: (n = 1) => add(-n),
  }
}
