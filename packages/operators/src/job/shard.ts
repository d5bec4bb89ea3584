import type { ShardName } from '@rxsse/shared'
import { filter, type MonoTypeOperatorFunction } from 'rxjs'
import { identifyKey, type Key } from '../engine/keyed-state/key.ts'
import { hash53 } from '../engine/sketches/hash.ts'
import type { JobPipeline } from './job-pipeline.ts'

/** One shard of a job: a job of its own for some of the keys. */
export interface Shard extends JobPipeline {
  /** From 0. A source that is partitioned already can be asked for this part. */
  readonly index: number
  /** How many shards the job has. */
  readonly count: number
  /**
   * Passes on the events whose key belongs to this shard. Each key belongs to one shard, on every node and after every
   * restart. Use the key of the operators below, or one that decides it.
   */
  own<T>(key: (value: T) => Key): MonoTypeOperatorFunction<T>
}

/** Adds what a shard has to a job of its own. */
export function createShard(pipeline: JobPipeline, { index, count }: ShardName): Shard {
  // If both stay unused, every shard handles all events.
  let isSplit = count === 1
  return {
    maxWait: pipeline.maxWait,
    get feeds() {
      return pipeline.feeds
    },
    watch: pipeline.watch,
    createWatermark: pipeline.createWatermark,
    feed: pipeline.feed,
    stage: pipeline.stage,
    status: pipeline.status,
    snapshot: pipeline.snapshot,
    count,
    get index() {
      isSplit = true
      return index
    },
    own(key) {
      isSplit = true
      return filter((value) => (hash53(identifyKey(key(value))) as number) % count === index)
    },
    deliver(fn, options) {
      return pipeline.deliver((value, delivery) => {
        if (!isSplit) throw createSplitError(count)
        return fn(value, delivery)
      }, options)
    },
  }
}

function createSplitError(count: number): Error {
  return new Error(
    `job.shards: each of the ${count} shards handles all events. Put shard.own((event) => event.key) below the feed, or ask the source for part shard.index`,
  )
}
