import { requireInteger } from '@rxsse/shared'

/** Promises that resolve when a condition becomes true. Conditions are tested at each call of `check`. */
export interface ConditionWaiter {
  /** Resolves with the first value of `probe` that is not undefined. `what` describes it in the error. */
  until<T>(what: string, probe: () => T | undefined): Promise<T>
  /** As `until`, for the `index`th of something. Throws a `TypeError` for a number that nothing can have. */
  untilOf<T>(index: number, what: string, happened: string, probe: () => T | undefined): Promise<T>
  check(): void
  /** Rejects all pending promises and later ones. The error says `reason`, and what was waited for. */
  rejectAll(reason: string): void
}

export function createConditionWaiter(): ConditionWaiter {
  const pending = new Set<{ check(): boolean; reject(reason: string): void }>()
  let over: string | undefined
  const waiter: ConditionWaiter = {
    until<T>(what: string, probe: () => T | undefined): Promise<T> {
      const promise = new Promise<T>((resolve, reject) => {
        const condition = {
          check(): boolean {
            const value = probe()
            if (value === undefined) return false
            resolve(value)
            return true
          },
          reject: (reason: string): void => reject(new Error(`${reason} before ${what}`)),
        }
        if (condition.check()) return
        if (over === undefined) pending.add(condition)
        else condition.reject(over)
      })
      // A test that no longer awaits the promise must not fail by an unhandled rejection.
      promise.catch(() => {})
      return promise
    },
    untilOf(index, what, happened, probe) {
      return waiter.until(`${what} ${requireInteger(index, 'index', 0)} ${happened}`, probe)
    },
    check() {
      for (const condition of pending) if (condition.check()) pending.delete(condition)
    },
    rejectAll(reason) {
      over = reason
      for (const condition of pending) condition.reject(reason)
      pending.clear()
    },
  }
  return waiter
}
