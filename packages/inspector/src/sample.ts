/** What the page gets every second while somebody looks. */
export interface Sample {
  /** Epoch milliseconds. */
  readonly time: number
  readonly process: ProcessSample | undefined
  readonly sources: readonly SourceSample[]
  readonly pipelines: readonly PipelineSample[]
  readonly sinks: readonly SinkSample[]
  readonly jobs: readonly JobSample[]
}

/** The process that answers, if the runtime tells about it. */
export interface ProcessSample {
  readonly pid: number
  /** Seconds. */
  readonly uptime: number
  /** Resident memory in bytes. */
  readonly memory: number
  /** Processor time since the start of the process, in milliseconds. */
  readonly cpu: number
}

export interface SourceSample {
  readonly name: string
  /** Undefined if the stream was never subscribed. */
  readonly status: SourceStatus | undefined
  readonly url: string | undefined
  readonly lastEventId: string
  /** Connections that were opened. */
  readonly opened: number
  /** Connections that ended with an error. */
  readonly failed: number
  /** How often the status has changed. */
  readonly changes: number
  /** The last changes of the status, oldest first: all that are kept, or those since the last sample. */
  readonly timeline: readonly Transition[]
}

export type SourceStatus = 'connecting' | 'open' | 'waiting' | 'closed'

/** The status of a source from this moment on. */
export interface Transition {
  /** Epoch milliseconds. */
  readonly at: number
  readonly status: SourceStatus
  /** Why the connection ended. */
  readonly reason?: string
}

export interface PipelineSample {
  readonly name: string
  readonly stages: readonly StageSample[]
}

export interface StageSample {
  readonly name: string
  readonly in: number
  readonly out: number
  readonly late: number
  readonly dropped: number
  readonly rejected: number
  readonly buffered: number
  readonly keys: number
  /** Milliseconds that the watermark is behind the clock. */
  readonly watermarkLag: number | undefined
}

export interface SinkSample {
  readonly name: string
  readonly counts: Readonly<Record<string, number>>
  /** The rooms with the most connections, at most 20, and how many rooms there are. */
  readonly rooms: readonly (readonly [room: string, connections: number])[]
  readonly roomCount: number
}

export interface JobSample {
  readonly name: string
  readonly status: string
  readonly details: readonly (readonly [name: string, value: string])[]
}
