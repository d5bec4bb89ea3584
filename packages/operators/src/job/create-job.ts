import { type Duration, type MaybePromise, optionError, parsePositiveDuration, requireFunction, requireNumber, type SnapshotStore } from '@rxsse/shared'
import type { Observable, ObservableInput, OperatorFunction, SchedulerLike } from 'rxjs'
import { createProgress, type FeedStatus, type FeedWatch } from '../progress/progress.ts'
import { createClock } from '../stage/clock.ts'
import type { Stage } from '../stage/stage.ts'
import { createFeed, type JobFeedFragment, type JobFeedOptions } from './job-feed.ts'
import { JobHost } from './job-host.ts'
import { JobStage } from './job-stage.ts'
import type { JobStatus, SavedSnapshot } from './job-status.ts'
import { createDeliver, type Delivery } from './outbox.ts'

export interface JobOptions {
  /** Keeps the snapshots. One job uses it. */
  readonly store: SnapshotStore
  /** The time between two snapshots. If results wait for one, it is taken sooner. Default: `'5s'`. */
  readonly every?: Duration
  /**
   * What happens if a saved state is not one of the operator that uses its stage now, such as one of other windows. With
   * `'discard'` the stage begins anew, the feeds go on where they were, and `status` says so. Default: `'error'`.
   */
  readonly onMismatch?: 'error' | 'discard'
  /** How long a feed that is away holds the watermark at the longest, as in `createProgress`. Default: as long as it is away. */
  readonly maxWait?: Duration
  /** The clock and its timers. Default: `asyncScheduler`. */
  readonly scheduler?: SchedulerLike
}

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

/** A pipeline with a memory. Pass it to operators in event time as `progress`. */
export interface Job extends FeedWatch {
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

/**
 * Makes a pipeline with state survive a crash: each event counts once in its results, and each result is delivered once.
 *
 * ```ts
 * const job = createJob({ store: fileStore({ path: 'minutes.job' }) })
 * job.feed('trades', (feed) => fromEventSource(url, feed)).pipe(
 *   decode(Trade), data(),
 *   windowAggregate(tumbling('1m'), { ..., stage: job.stage('minutes') }),
 *   toMessage({ type: 'minute' }),
 *   job.deliver((message, { id }) => sink.publish(message, 'all', { sourceId: id })),
 * ).subscribe()
 * ```
 *
 * A snapshot is one consistent cut: how far each feed is, the state of each stage after exactly those events, and the
 * results that are not delivered yet. After a crash the next process restores it, and asks the sources for what came after.
 *
 * The streams of a job make one run: from the first subscription until all have ended. The next one is restored again, so
 * `retry` loses nothing.
 *
 * The idea is the asynchronous barrier snapshot of Apache Flink (Carbone et al., 2015), in one process.
 *
 * @throws TypeError if an option is wrong.
 */
export function createJob(options: JobOptions): Job {
  return buildJob(options, BYTES_A_TURN)
}

/** A few milliseconds of work. */
const BYTES_A_TURN = 131_072

/** `bytesPerTurn`: how much of a snapshot is copied in a turn of the event loop. */
export function buildJob(options: JobOptions, bytesPerTurn: number): Job {
  const { store, every = '5s', onMismatch = 'error', maxWait, scheduler } = options
  if (typeof store?.load !== 'function' || typeof store.save !== 'function') {
    throw optionError(
      'createJob: store',
      'a store with load() and save(), such as fileStore({ path })',
      store,
    )
  }
  if (onMismatch !== 'error' && onMismatch !== 'discard') {
    throw optionError('createJob: onMismatch', "'error' or 'discard'", onMismatch)
  }
  const progress = createProgress(maxWait === undefined ? {} : { maxWait })
  const host = new JobHost({
    store,
    every: parsePositiveDuration(every, 'createJob: every'),
    onMismatch,
    clock: createClock(scheduler),
    bytesPerTurn,
  })
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
      // A feed that is subscribed later must hold the watermark already.
      progress.feed(name)
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
      requireNumber(concurrency, 'job.deliver: concurrency', 1)
      if (when !== undefined && when !== 'at-once' && when !== 'when-saved') {
        throw optionError('job.deliver: when', "'at-once' or 'when-saved'", when)
      }
      return createDeliver({ join, leave }, { name, fn, concurrency, when })
    },
    status: host.status,
    snapshot: () => host.snapshot(),
  }
}
