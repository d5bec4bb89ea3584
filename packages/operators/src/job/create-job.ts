import {
  type Duration,
  optionError,
  parsePositiveDuration,
  requireFunction,
  type SnapshotStore,
} from '@rxsse/shared'
import { BehaviorSubject, type Observable, type ObservableInput, type SchedulerLike, switchMap } from 'rxjs'
import { createClock } from '../stage/clock.ts'
import { createPipeline, type JobPipeline, type PipelineSettings } from './job-pipeline.ts'
import type { Shard } from './shard.ts'
import { checkShardCount, ShardSet } from './shard-set.ts'

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

/** A pipeline with a memory. Pass it to operators in event time as `progress`. */
export interface Job extends JobPipeline {
  /**
   * Splits the job by key into `count` shards. Each has a state, feeds and a position of its own. With a store that several
   * processes share they share out the shards, and take over those of a process that dies. With any other store all shards
   * run here.
   *
   * `pipeline` is called when this process gets a shard, and its Observable is unsubscribed when the shard moves. Begin it
   * with `shard.feed` and `shard.own`, and use `shard` in place of `job`:
   *
   * ```ts
   * job.shards(6, (shard) =>
   *   shard.feed('trades', (feed) => fromEventSource(url, feed)).pipe(
   *     decode(Trade), data(),
   *     shard.own((trade) => trade.symbol),
   *     windowAggregate(tumbling('1m'), { key: (trade) => trade.symbol, ..., stage: shard.stage('minutes') }),
   *     toMessage({ type: 'minute' }),
   *     shard.deliver((message, { id }) => sink.publish(message, 'all', { sourceId: id })),
   *   ),
   * ).subscribe()
   * ```
   *
   * The Observable emits what the pipelines of the shards here emit. It errors if one of them does. It completes when each
   * shard has completed here. Losing a shard is no error.
   *
   * `count` is for good: a saved job cannot have another one. Choose several times the number of processes.
   *
   * @throws TypeError if `count` is not a whole number from 1 to 1024, if the store cannot keep shards, or if the job has
   * feeds, stages or other shards of its own.
   */
  shards<R>(count: number, pipeline: (shard: Shard) => ObservableInput<R>): Observable<R>
}

/**
 * Makes a pipeline with state survive a crash: each event counts once in its results, and each result has an id, so that a
 * receiver that ignores known ids takes it once.
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
  const settings: PipelineSettings = {
    store,
    every: parsePositiveDuration(every, 'createJob: every'),
    onMismatch,
    maxWait,
    clock: createClock(scheduler),
    bytesPerTurn,
  }
  const whole = createPipeline(settings)
  const status = new BehaviorSubject(whole.status)
  let isWhole = false
  let set: ShardSet | undefined

  function requireWhole(): JobPipeline {
    if (set !== undefined)
      throw new TypeError('createJob: the job has shards: use the feeds and stages of the shard')
    isWhole = true
    return whole
  }

  return {
    maxWait: whole.maxWait,
    get feeds() {
      return whole.feeds
    },
    watch: whole.watch,
    createWatermark: whole.createWatermark,
    feed: (...args) => requireWhole().feed(...args),
    stage: (name) => requireWhole().stage(name),
    deliver: (...args) => requireWhole().deliver(...args),
    status: status.pipe(switchMap((current) => current)),
    snapshot: () => (set ?? whole).snapshot(),
    shards(count, pipeline) {
      checkShardCount(count)
      requireFunction(pipeline, 'job.shards: pipeline')
      if (isWhole) throw new TypeError('job.shards: the job has feeds or stages that are not of a shard')
      if (set === undefined) {
        set = new ShardSet(count, {
          ...settings,
          build: (shardStore, shard) => createPipeline({ ...settings, store: shardStore, shard }),
        })
        status.next(set.status)
      }
      if (set.count !== count) throw new TypeError(`job.shards: the job has ${set.count} shards already`)
      return set.run(pipeline)
    },
  }
}
