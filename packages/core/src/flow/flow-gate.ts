import { type Observable, Subject } from 'rxjs'
import type { Gate } from './gate.ts'

/** When a flow gate shuts and opens. */
export interface FlowGateOptions {
  /** The gate shuts when this many are acquired. Default 1000. */
  readonly high?: number
  /** The gate opens when at most this many are left. Default: a quarter of `high`. */
  readonly low?: number
}

/**
 * Counts the events in progress and holds a stream back while they are too many. Call `acquire` for each event that arrives,
 * and `release` when it is handled.
 *
 * A stream stops reading between two reads of its socket, so the events of one more read may arrive above `high`.
 */
export interface FlowGate extends Gate {
  /** Adds `n` (default 1) to the events in progress. */
  acquire(n?: number): void
  /** Subtracts `n` (default 1) from the events in progress, down to 0. */
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
