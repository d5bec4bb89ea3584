import { join } from 'node:path'
import type { SnapshotStore } from '@rxsse/operators'
import { sqliteStore } from '@rxsse/operators/store'
import { redisLog, redisStore } from '@rxsse/redis'
import { type EventLog, sqliteLog } from '@rxsse/server'
import { clusterLog } from '@rxsse/server/cluster'
import { createClient } from 'redis'

/** Where a node keeps its data, so that the next process goes on from there. */
export interface Storage {
  /** What the sink sends. All processes of the demo share it. */
  readonly log: EventLog
  /** Opens the store of the job's snapshots. */
  openStore(): SnapshotStore
}

/** Two SQLite files for one node. Its workers share the log through their primary. */
export function openFiles(folder: string): Storage {
  return {
    log: clusterLog({ log: () => sqliteLog({ path: join(folder, 'events.db'), capacity: LOG_LENGTH }) }),
    openStore: () => sqliteStore({ path: join(folder, 'snapshots.db') }),
  }
}

/** A Redis for several nodes. If `fenced`, only the node that runs the job publishes. */
export function openRedis(url: string, fenced: boolean, onError: (error: unknown) => void): Storage {
  const connection = { url, key: KEY, timeout: '30s' } as const
  // Both notice an outage; the log reports it.
  const store = redisStore({ ...connection, lease: LEASE, onError: () => {} })
  return {
    log: redisLog({ ...connection, maxLength: LOG_LENGTH, onError, ...(fenced && { fence: store }) }),
    openStore: () => store,
  }
}

/** Deletes the data of an earlier replay, which is later in event time. Rejects if Redis is unavailable. */
export async function clearRedis(url: string): Promise<void> {
  const client = createClient({ url, socket: { reconnectStrategy: false, connectTimeout: 5_000 } })
  client.on('error', () => {}) // `connect` rejects with the error.
  try {
    await client.connect()
    for await (const keys of client.scanIterator({ MATCH: `{${KEY}}:*`, COUNT: 1_000 })) {
      if (keys.length > 0) await client.del(keys)
    }
  } catch (error) {
    const { host } = new URL(url)
    const reason = error instanceof AggregateError ? error.errors.join(', ') : String(error)
    throw new Error(`--redis: cannot use Redis at ${host}: ${reason}`, { cause: error })
  } finally {
    client.destroy()
  }
}

const LOG_LENGTH = 10_000
const KEY = 'rxsse-demo'
/** Short, so that the viewer sees the takeover. */
const LEASE = '3s'
