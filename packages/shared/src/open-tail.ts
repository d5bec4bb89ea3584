/** A tail of an event log that the log can end. `P` is a position in the log. */
export interface OpenTail<P> {
  readonly position: P
  stop(): void
  onEnd(listener: (reason: Error) => void): void
  /** The log is closed. Does nothing after `stop`. */
  end(reason: Error): void
}

/** `onStop` is called by `stop`. */
export function createOpenTail<P>(position: P, onStop: () => void): OpenTail<P> {
  let isStopped = false
  let ended: Error | undefined
  let listener: ((reason: Error) => void) | undefined
  return {
    position,
    stop() {
      isStopped = true
      onStop()
    },
    onEnd(next) {
      if (isStopped) return
      if (ended === undefined) listener = next
      else next(ended)
    },
    end(reason) {
      if (isStopped || ended !== undefined) return
      ended = reason
      listener?.(reason)
    },
  }
}
