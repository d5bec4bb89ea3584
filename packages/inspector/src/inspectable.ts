import type { StageSample } from './sample.ts'

/** What the inspector reads of a sink or a `streamTo`. */
export interface InspectableSink {
  stats(): object
  /** The number of connections of each room. */
  rooms?(): ReadonlyMap<string, number>
}

/** What the inspector reads of a stage. The `Stage` of `@rxsse/operators` fits. */
export interface InspectableStage {
  readonly name: string
  counts(): Omit<StageSample, 'name'>
}

/** What the inspector reads of a job. The job of `createJob` of `@rxsse/operators` fits. */
export interface InspectableJob {
  /** Emits its status at once when subscribed, and then each change. */
  readonly status: { subscribe(next: (status: InspectableJobStatus) => void): { unsubscribe(): void } }
}

export interface InspectableJobStatus {
  readonly phase: string
  readonly restoredFrom: number
  readonly saved: { readonly number: number; readonly bytes: number; readonly time: number } | undefined
  readonly unsaved: number
  readonly pending: number
  readonly waitingFor: string | undefined
  readonly saveError: unknown
  readonly error: unknown
}
