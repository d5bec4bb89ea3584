import { type BackoffOptions, backoff } from '../connection/backoff.ts'
import type { Connection, Outcome } from '../connection/connection.ts'
import type { LocalCounts } from './local-counts.ts'

export interface CountReporterOptions {
  readonly counts: LocalCounts
  readonly connection: Connection
  readonly settings: BackoffOptions
  /** Sends one report. Redis answers 0 if it has lost the reports before it. */
  readonly send: (args: readonly string[]) => Promise<Outcome<unknown>>
}

/** Keeps the counts of this node in Redis up to date, one report at a time. */
export class CountReporter {
  readonly #options: CountReporterOptions
  #isReporting = false
  #isHeartbeatDue = true
  #isStopped = false

  constructor(options: CountReporterOptions) {
    this.#options = options
  }

  /** Reports even if no count has changed, so that Redis knows that this node lives. */
  heartbeat(): void {
    this.#isHeartbeatDue = true
    this.report()
  }

  /** Stops for good. A report after the node has left would bring it back. */
  stop(): void {
    this.#isStopped = true
  }

  async report(): Promise<void> {
    if (this.#isReporting) return
    this.#isReporting = true
    const { counts, connection, settings, send } = this.#options
    // Changes of the same turn of the event loop go into one report.
    await undefined
    for (let failures = 0; !this.#isStopped && (this.#isHeartbeatDue || !counts.isReported); ) {
      this.#isHeartbeatDue = false
      const report = counts.takeReport()
      const outcome = await send(report.args)
      if ('answer' in outcome && Number(outcome.answer) === 1) {
        report.confirm()
        failures = 0
        continue
      }
      report.restore()
      if ('answer' in outcome) {
        counts.invalidateAll()
        continue
      }
      this.#isHeartbeatDue = true
      connection.reportFailure(outcome.failure)
      await backoff(failures++, settings)
    }
    this.#isReporting = false
  }
}
