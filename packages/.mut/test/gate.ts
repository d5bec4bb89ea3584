import type { FlowGate } from '../src/flow/job-queue.ts'

/** A gate that is shut from `high` on, and tells what it holds. */
export function countingGate(high: number): FlowGate & { readonly held: number } {
  let held = 0
  return {
    get held() {
      return held
    },
    get shut() {
      return held >= high
    },
    acquire(n = 1) {
      held += n
    },
    release(n = 1) {
      held -= n
      if (held < 0) throw new Error('released what was not acquired')
    },
  }
}
