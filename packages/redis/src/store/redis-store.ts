import {
  type Duration,
  type LeaseRequest,
  optionError,
  parseShardPrefix,
  parseTimeout,
  type SnapshotStore,
} from '@rxsse/shared'
import { Connection } from '../connection/connection.ts'
import { type ConnectionOptions, resolveConnectionOptions } from '../connection/connection-options.ts'
import { OutageReporter } from '../connection/outage-reporter.ts'
import { type Fence, FIND_RIGHT, type Right } from './fence.ts'
import { LeasedStore, type StoreContext } from './leased-store.ts'
import { type RedisShardStore, ShardStores } from './shard-stores.ts'
import { createStoreKeys } from './store-keys.ts'

export interface RedisStoreOptions extends ConnectionOptions {
  /** The name of the job. Jobs that share a `key` need different names. Default `'job'`. */
  readonly job?: string
  /**
   * How long the right to run the job lasts if the process that has it does not renew it: at most this long, nobody works
   * when that process dies. It is renewed three times within this time. At least `'1s'`, the same on every node. Default
   * `'10s'`.
   */
  readonly lease?: Duration
}

/** The store of a job that runs on one of several nodes, or whose shards do. */
export interface RedisStore extends SnapshotStore, Fence {
  /** The token of this process. Undefined if it does not have the right to run the job. */
  readonly token: string | undefined
  acquire(): LeaseRequest
  /** The store of one shard. */
  shard(index: number, count: number): RedisShardStore
  close(): Promise<void>
}

/**
 * Keeps the snapshots of a job in Redis, and lets one process at a time run it. Any number of nodes run the same program. One
 * of them has the lease and works; the others wait in `acquire`. When it dies, is stopped or is cut off from Redis, another
 * one goes on from the newest snapshot within `lease`.
 *
 * With `job.shards(n, …)` all nodes work: each shard has a lease and snapshots of its own. The nodes share the shards out
 * evenly. A node that joins gets some of the others' after a last snapshot.
 *
 * Redis checks with every `save` that the process still has the right. With `redisLog({ ..., fence: store })` it does so with
 * every append as well, so a process that has lost the right cannot publish. `token` ascends from one holder to the next:
 * databases of your own can refuse a lower one than the highest they have seen. `store.shard(shard.index, shard.count).token`
 * is that of a shard.
 *
 * A snapshot is as safe as Redis keeps its data: for a crash of its machine that is `appendfsync always`. After an
 * asynchronous failover the newest snapshot may be missing. The job then goes on from an earlier one.
 *
 * Throws a `TypeError` if an option is wrong. It does not throw if Redis cannot be reached.
 */
export function redisStore(options: RedisStoreOptions): RedisStore {
  const settings = resolveConnectionOptions(options, 'redisStore')
  const { key } = settings
  const job = resolveJob(options.job ?? 'job')
  const lease = resolveLease(options.lease ?? '10s')
  const outages = new OutageReporter(settings.onError)
  const connection = new Connection(settings.client, outages)
  const context: StoreContext = { connection, settings, outages, lease }
  const whole = new LeasedStore(createStoreKeys(key, job), context)
  const requests = new Set<LeaseRequest>()
  let shards: ShardStores | undefined
  let closed: Promise<void> | undefined

  async function close(): Promise<void> {
    for (const request of requests) request.cancel()
    await Promise.all([whole.close(), shards?.close()])
    connection.close()
  }

  return {
    key,
    [FIND_RIGHT]: (sourceId) => (shards === undefined ? whole : findShard(shards, sourceId)),
    get token() {
      return whole.token
    },
    load: () => whole.load(),
    save: (snapshot) => whole.save(snapshot),

    acquire() {
      whole.assertOpen()
      const { granted, cancel } = whole.holder.acquire()
      const forget = () => requests.delete(request)
      const request: LeaseRequest = {
        granted,
        cancel() {
          forget()
          cancel()
        },
      }
      requests.add(request)
      void granted.then(forget, forget)
      return request
    },

    shard(index, count) {
      shards ??= new ShardStores(count, { job, key, ...context })
      return shards.get(index, count)
    },

    close() {
      closed ??= close()
      return closed
    },
  }
}

function findShard(shards: ShardStores, sourceId: string | undefined): Right {
  const right = sourceId === undefined ? undefined : shards.find(parseShardPrefix(sourceId))
  if (right !== undefined) return right
  throw optionError(
    'redisLog: sourceId',
    'the id that shard.deliver gives, because the job of the fence has shards',
    sourceId,
  )
}

function resolveJob(job: string): string {
  if (typeof job === 'string' && /^[^{}]+$/.test(job)) return job
  throw optionError('redisStore: job', 'text without { and }', job)
}

function resolveLease(lease: Duration): number {
  const milliseconds = parseTimeout(lease, 'redisStore: lease')
  if (milliseconds >= 1_000) return Math.round(milliseconds)
  throw optionError('redisStore: lease', 'at least a second', lease)
}
