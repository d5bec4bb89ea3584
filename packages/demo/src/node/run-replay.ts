import { fromEventSource } from '@rxsse/core'
import { watchSource } from '@rxsse/inspector'
import { createJob, type JobStatus, type SnapshotStore, scanByKey } from '@rxsse/operators'
import type { Sink } from '@rxsse/server'
import { merge, retry, share, tap } from 'rxjs'
import type { Messages } from '../messages/messages.ts'
import { countEvents } from '../pipeline/counts.ts'
import { createReplayPipeline } from '../pipeline/replay-pipeline.ts'
import { type RunningPipeline, SOURCE_OPTIONS } from './running-pipeline.ts'
import { createStatusReport } from './status.ts'

export interface ReplayOptions {
  readonly url: string
  /** What the page says about the source. */
  readonly source: string
  readonly sink: Sink
  readonly store: SnapshotStore
  /** Called if the job has failed. It goes on from its last snapshot a second later. */
  readonly onError: (error: unknown) => void
}

/** Runs the replay's pipeline as a job: the next process goes on from its last snapshot, and each result is sent once. */
export function runReplay({ url, source, sink, store, onError }: ReplayOptions): RunningPipeline {
  const job = createJob({ store, every: '2s' })
  const memory = followJob()
  const report = createStatusReport(sink, { source, replay: true }, memory.read)
  const watched = watchSource({ state: report.upstream })

  const events = job
    .feed('feed', (feed) => fromEventSource(url, { ...feed, ...SOURCE_OPTIONS }), watched)
    .pipe(share())
  const pipeline = createReplayPipeline(events, job.stage)
  const results = pipeline.results.pipe(share())
  const running = merge(
    results.pipe(job.deliver((message, { id }) => sink.publish(message, 'all', { sourceId: id }))),
    // The counts are state of the job too. So they are exact after a restore.
    events.pipe(
      countEvents(() => report.upstream.connection, job.stage('events in')),
      tap(report.add),
    ),
    results.pipe(
      scanByKey({ seed: () => 0, stage: job.stage('results out') }, (out) => out + 1),
      tap((out) => report.add({ out })),
    ),
  ).pipe(tap({ error: onError }), retry({ delay: RETRY_MS }))

  const subscription = merge(
    job.status.pipe(tap((status) => memory.next(status) && report.publish())),
    report.ticks,
    running,
  ).subscribe()
  return {
    inspected: { sources: { feed: watched }, pipelines: pipeline.stages, jobs: { replay: job } },
    close: () => subscription.unsubscribe(),
  }
}

const RETRY_MS = 1_000

/** Remembers what the job of this process has restored and saved. */
function followJob(): {
  /** Returns whether the job has just gone on from a snapshot. */
  next(status: JobStatus): boolean
  read(): Messages['status']['job'] | 'standing-by'
} {
  let status: JobStatus | undefined
  let restored: { readonly snapshot: number; readonly age: number; readonly at: number } | undefined
  return {
    next(next) {
      const isRestored = status?.phase === 'restoring' && next.phase === 'running' && next.restoredFrom > 0
      status = next
      if (!isRestored || next.saved === undefined) return false
      const at = Date.now()
      restored = { snapshot: next.restoredFrom, age: at - next.saved.time, at }
      return true
    },
    read() {
      if (status?.phase !== 'running' && status?.phase !== 'snapshotting') return 'standing-by'
      const now = Date.now()
      const { saved } = status
      return {
        pid: process.pid,
        saved: saved ? { snapshot: saved.number, age: now - saved.time, bytes: saved.bytes } : null,
        restored: restored
          ? { snapshot: restored.snapshot, age: restored.age, since: now - restored.at }
          : null,
      }
    },
  }
}
