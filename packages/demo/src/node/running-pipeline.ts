import type { InspectOptions } from '@rxsse/inspector'

/** A pipeline from a source into a sink. */
export interface RunningPipeline {
  /** What the inspector shows of it. */
  readonly inspected: Pick<InspectOptions, 'sources' | 'pipelines' | 'jobs'>
  close(): void
}

/** The options of `fromEventSource` of every source. */
export const SOURCE_OPTIONS = {
  headers: { 'user-agent': 'rxsse-demo (https://github.com/rxsse/rxsse)' },
  // A killed feed is back within seconds, and the viewer should see that.
  reconnect: { maxDelay: '2s' },
} as const
