import { randomUUID } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { crc32 } from 'node:zlib'
import {
  createSnapshotStore,
  type Duration,
  type LeaseRequest,
  optionError,
  parseTimeout,
  type SnapshotStore,
  SnapshotStoreError,
} from '@rxsse/shared'
import { Connection } from '../connection/connection.ts'
import { type ConnectionOptions, resolveConnectionOptions } from '../connection/connection-options.ts'
import { OutageReporter } from '../connection/outage-reporter.ts'
import { runScript } from '../scripts/script.ts'
import type { Fence } from './fence.ts'
import { LeaseHolder } from './lease-holder.ts'
import { SnapshotKeys } from './snapshot-keys.ts'
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

/** The store of a job that runs on one of several nodes. */
export interface RedisStore extends SnapshotStore, Fence {
  acquire(): LeaseRequest
  close(): Promise<void>
}

/**
 * Keeps the snapshots of a job in Redis, and lets one process at a time run it. Any number of nodes run the same program. One
 * of them has the lease and works; the others wait in `acquire`. When it dies, is stopped or is cut off from Redis, another
 * one goes on from the newest snapshot within `lease`.
 *
 * Redis checks with every `save` that the process still has the right. With `redisLog({ ..., fence: store })` it does so with
 * every append as well, so a process that has lost the right cannot publish. `token` ascends from one holder to the next:
 * databases of your own can refuse a lower one than the highest they have seen.
 *
 * A snapshot is as safe as Redis keeps its data: for a crash of its machine that is `appendfsync always`. After an
 * asynchronous failover the newest snapshot may be missing. The job then goes on from an earlier one.
 *
 * Throws a `TypeError` if an option is wrong. It does not throw if Redis cannot be reached.
 */
export function redisStore(options: RedisStoreOptions): RedisStore {
  const settings = resolveConnectionOptions(options, 'redisStore')
  const keys = createStoreKeys(settings.key, resolveJob(options.job ?? 'job'))
  const duration = resolveLease(options.lease ?? '10s')
  const outages = new OutageReporter(settings.onError)
  const connection = new Connection(settings.client, outages)
  const holder = new LeaseHolder({
    duration,
    ...settings,
    run: (script, args) =>
      connection.try((client) =>
        runScript(client, script, { keys: [keys.fence, keys.lease], arguments: [...args] }),
      ),
    reportFailure: (failure) => connection.reportFailure(failure),
    reportError: (error) => outages.report(error),
  })
  const requests = new Set<LeaseRequest>()
  const store = createSnapshotStore({
    name: 'redisStore',
    backend: new SnapshotKeys({ keys, connection, settings, outages, holder }),
    crc32,
    createId: randomUUID,
    nextTurn,
  })
  let isClosed = false

  return {
    key: settings.key,
    fenceKey: keys.fence,
    get token() {
      return holder.token
    },
    lose: (token) => holder.lose(token),
    load: store.load,

    async save(snapshot) {
      // Closing releases the lease, so a closed store has lost it too.
      if (isClosed) throw new SnapshotStoreError('closed', 'redisStore is closed')
      // Also if Redis cannot be asked.
      holder.requireToken()
      await store.save(snapshot)
    },

    acquire() {
      if (isClosed) throw new SnapshotStoreError('closed', 'redisStore is closed')
      const { granted, cancel } = holder.acquire()
      const forget = () => requests.delete(request)
      const request: LeaseRequest = {
        granted,
        cancel() {
          forget()
          cancel()
        },
      }
      requests.add(request)
      void granted.then(forget)
      return request
    },

    async close() {
      isClosed = true
      for (const request of requests) request.cancel()
      await store.close()
    },
  }
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
