/** Promises for facts about to come true, looked at again each time `check` is called. */
export interface Waits {
  /** Resolves with the first value of `probe` that is not undefined. */
  until<T>(what: string, probe: () => T | undefined): Promise<T>
  check(): void
  /** Rejects all that still wait, and says what for. */
  giveUp(why: string): void
}

export function createWaits(): Waits {
  const pending = new Set<{ check(): boolean; giveUp(why: string): void }>()
  return {
    until<T>(what: string, probe: () => T | undefined): Promise<T> {
      const promise = new Promise<T>((resolve, reject) => {
        const wait = {
          check(): boolean {
            const value = probe()
            if (value === undefined) return false
            resolve(value)
            return true
          },
          giveUp: (why: string): void => reject(new Error(`${why} before ${what}`)),
        }
        if (!wait.check()) pending.add(wait)
      })
      // Whoever awaits it sees the rejection; a test that has moved on is not to die of it.
      promise.catch(() => {})
      return promise
    },
    check() {
      for (const wait of pending) if (wait.check()) pending.delete(wait)
    },
    giveUp(why) {
      for (const wait of pending) wait.giveUp(why)
      pending.clear()
    },
  }
}
