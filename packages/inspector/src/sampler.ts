import type {
  InspectableJob,
  InspectableJobStatus,
  InspectableSink,
  InspectableStage,
} from './inspectable.ts'
import type { JobSample, PipelineSample, ProcessSample, Sample, SinkSample, StageSample } from './sample.ts'
import { sampleSource, type WatchedSource } from './watch-source.ts'

/** Rooms that the page shows of a sink. */
const MAX_ROOMS = 20

export interface Inspected {
  readonly sources: Readonly<Record<string, WatchedSource>>
  readonly pipelines: Readonly<Record<string, readonly InspectableStage[]>>
  readonly sinks: Readonly<Record<string, InspectableSink>>
  readonly jobs: Readonly<Record<string, InspectableJob>>
}

/** Reads everything once. It works only while it is open, because it observes the jobs. */
export class Sampler {
  readonly #inspected: Inspected
  readonly #jobs = new Map<string, InspectableJobStatus>()
  readonly #subscriptions: { unsubscribe(): void }[]

  constructor(inspected: Inspected) {
    this.#inspected = inspected
    this.#subscriptions = Object.entries(inspected.jobs).map(([name, job]) =>
      job.status.subscribe((status) => this.#jobs.set(name, status)),
    )
  }

  sample(): Sample {
    const { sources, pipelines, sinks } = this.#inspected
    return {
      time: Date.now(),
      process: sampleProcess(),
      sources: Object.entries(sources).flatMap(([name, source]) => sampleSource(source, name) ?? []),
      pipelines: Object.entries(pipelines).map(
        ([name, stages]): PipelineSample => ({ name, stages: stages.map(sampleStage) }),
      ),
      sinks: Object.entries(sinks).map(([name, sink]) => sampleSink(name, sink)),
      jobs: [...this.#jobs].map(([name, status]) => sampleJob(name, status)),
    }
  }

  close(): void {
    for (const subscription of this.#subscriptions) subscription.unsubscribe()
  }
}

function sampleProcess(): ProcessSample | undefined {
  // Workers and some runtimes have no process.
  const { process } = globalThis as { readonly process?: Partial<NodeJS.Process> }
  if (process?.cpuUsage === undefined || process.memoryUsage === undefined) return undefined
  const { user, system } = process.cpuUsage()
  return {
    pid: process.pid ?? 0,
    uptime: process.uptime?.() ?? 0,
    memory: process.memoryUsage.rss(),
    cpu: (user + system) / 1000,
  }
}

function sampleStage(stage: InspectableStage): StageSample {
  const { in: entered, out, late, dropped, rejected, buffered, keys, watermarkLag } = stage.counts()
  return { name: stage.name, in: entered, out, late, dropped, rejected, buffered, keys, watermarkLag }
}

function sampleSink(name: string, sink: InspectableSink): SinkSample {
  const rooms = [...(sink.rooms?.() ?? [])].sort(([, a], [, b]) => b - a)
  return {
    name,
    counts: Object.fromEntries(
      Object.entries(sink.stats()).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
    ),
    rooms: rooms.slice(0, MAX_ROOMS),
    roomCount: rooms.length,
  }
}

function sampleJob(name: string, status: InspectableJobStatus): JobSample {
  const { phase, saved, restoredFrom, unsaved, pending, waitingFor } = status
  const problem = status.error ?? status.saveError
  const details: [string, string][] = [
    ['last snapshot', saved === undefined ? 'none' : `#${saved.number}, ${formatBytes(saved.bytes)}`],
    ['saved at', saved === undefined ? '–' : new Date(saved.time).toISOString().slice(11, 19)],
    ['restored from', restoredFrom === 0 ? 'nothing' : `#${restoredFrom}`],
    ['events since', String(unsaved)],
    ['undelivered', String(pending)],
  ]
  if (waitingFor !== undefined) details.push(['waits for', waitingFor])
  if (problem !== undefined)
    details.push(['problem', problem instanceof Error ? problem.message : String(problem)])
  return { name, status: phase, details }
}

function formatBytes(bytes: number): string {
  return bytes < 10_000 ? `${bytes} B` : `${Math.round(bytes / 1000).toLocaleString('en')} kB`
}
