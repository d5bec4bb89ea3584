import type { Clock } from '../connection/clock.ts'

/** What both ends of the channel need. */
export interface ClusterContext {
  /** The name of the log on the channel. */
  readonly name: string
  readonly clock: Clock
  /** Runs work when the messages that are ready now have been read. */
  readonly atEndOfTick: (work: () => void) => void
  readonly onError: (error: unknown) => void
  /** Characters on their way to a worker from which on it reads the log at its own pace. */
  readonly maxUnsent: number
  /** How long a worker's call waits for the primary, in milliseconds. */
  readonly timeout: number
}
