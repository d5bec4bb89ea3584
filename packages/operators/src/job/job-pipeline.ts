import { type Duration, type MaybePromise, optionError, requireFunction } from '@rxsse/shared'
import type { Observable, ObservableInput, OperatorFunction } from 'rxjs'
import { createProgress, type FeedStatus, type FeedWatch } from '../progress/progress.ts'
import { requireLimit } from '../stage/require-limit.ts'
import type { Stage } from '../stage/stage.ts'
import { createFeed, type JobFeedFragment, type JobFeedOptions } from './job-feed.ts'
import { JobHost } from './job-host.ts'
import type { RunOptions } from './job-run.ts'
import { JobStage } from './job-stage.ts'
import type { JobStatus, SavedSnapshot } from './job-status.ts'
import { createDeliver, type Delivery } from './outbox.ts'

export interface DeliverOptions {
  /** How many results are delivered at a time. With more than 1 they may arrive in another order. Default: 1. */
  readonly concurrency?: number
  /** Tells two `deliver` of a job apart: two with one name are an error. Default: `'results'`. */
  readonly name?: string
  /**
   * When a result is delivered: `'at-once'`, or `'when-saved'`: when a snapshot has saved what caused it. Default: at once if
   * the same events are sure to give the same results again. What operators flush at the end of a stream always waits.
   */
  readonly when?: 'at-once' | 'when-saved'
}

/** A pipeline with a memory: what a job and its shards have in common. Pass it to operators in event time as `progress`. */
export interface JobPipeline extends FeedWatch {
  /** The feeds in the order they were named. */
  readonly feeds: readonly FeedStatus[]
  /**
   * A source of the job: `job.feed('trades', (feed) => fromEventSource(url, feed))`. The function is called when the last
   * snapshot is restored, and `feed` says where to go on. The source must emit events with a `lastEventId`, and must be able
   * to go on after one. Put all operators below.
   */
  feed<E extends { readonly lastEventId: string }>(
    name: string,
    connect: (feed: JobFeedFragment) => ObservableInput<E>,
    options?: JobFeedOptions,
  ): Observable<E>
  /** A stage for an operator whose state the snapshots contain. An operator with state and without one begins anew. */
  stage(name: string): Stage
  /**
   * Delivers each result: calls `fn`, and emits what it returns or resolves to. If `fn` fails, the stream errors.
   *
   * `id` is the same if the same result is made again after a crash. Give it to whoever takes the results, so that each
   * counts once: `sink.publish(message, 'all', { sourceId: id })`.
   *
   * Results are in the snapshots until they are delivered, so they must be data that `structuredClone` copies.
   */
  deliver<T, R>(
    fn: (value: T, delivery: Delivery) => MaybePromise<R>,
    options?: DeliverOptions,
  ): OperatorFunction<T, R>
  /** Emits what the job does now, and then each change. It never ends. */
  readonly status: Observable<JobStatus>
  /**
   * Takes a snapshot now, such as before an orderly end. Resolves when it is saved. Rejects if it cannot be saved. While the job
   * is restored or stands by, the snapshot waits until it runs.
   */
  snapshot(): Promise<SavedSnapshot>
}

export interface PipelineSettings extends Omit<RunOptions, 'report'> {
  readonly maxWait: Duration | undefined
}

export function createPipeline({ maxWait, ...options }: PipelineSettings): JobPipeline {
  const progress = createProgress(maxWait === undefined ? {} : { maxWait })
  const host = new JobHost(options)
  const join = () => host.join()
  const leave = host.leave.bind(host)
  const stages = new Map<string, JobStage>()

  return {
    maxWait: progress.maxWait,
    get feeds() {
      return progress.feeds
    },
    watch: progress.watch,
    createWatermark: progress.createWatermark,
    feed(name, connect, feedOptions = {}) {
      host.name(name, 'feed', 'job.feed: name')
      requireFunction(connect, 'job.feed: connect')
      // A feed that is subscribed later must hold the watermark already. One of this name may be running now.
      if (!progress.feeds.some((feed) => feed.name === name)) progress.feed(name)
      return createFeed({ progress, join, leave }, name, connect, feedOptions)
    },
    stage(name) {
      host.name(name, 'stage', 'job.stage: name')
      const stage = stages.get(name) ?? new JobStage(name, join, leave)
      stages.set(name, stage)
      return stage
    },
    deliver(fn, { concurrency = 1, name = 'results', when } = {}) {
      host.name(name, 'deliver', 'job.deliver: name')
      requireFunction(fn, 'job.deliver: fn')
      requireLimit(concurrency, 'job.deliver: concurrency', 1)
      if (when !== undefined && when !== 'at-once' && when !== 'when-saved') {
        throw optionError('job.deliver: when', "'at-once' or 'when-saved'", when)
      }
      return createDeliver({ join, leave }, { name, fn, concurrency, when })
    },
    status: host.status,
    snapshot: () => host.snapshot(),
  }
}
