import type { Connection } from '../connection/connection.ts'
import type { OutageReporter } from '../connection/outage-reporter.ts'
import type { HighWatermark } from './high-watermark.ts'
import type { LogKeys } from './keys.ts'
import type { LogSettings } from './redis-log-options.ts'

/** What the parts of one log share. */
export interface LogContext {
  readonly connection: Connection
  readonly keys: LogKeys
  readonly settings: LogSettings
  readonly outages: OutageReporter
  readonly watermark: HighWatermark
}
