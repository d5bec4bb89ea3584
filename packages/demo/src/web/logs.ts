import { redisLog } from '@rxsse/redis'
import { type EventLog, memoryLog } from '@rxsse/server'
import { createClient } from 'redis'

/** Opens the log for the sink with this name. */
export type OpenLog = (name: string) => EventLog

export function openMemoryLogs(): OpenLog {
  return () => memoryLog({ capacity: LOG_LENGTH })
}

/** Opens logs that all processes with the same Redis share. Calls `onError` once for each outage of Redis. */
export function openRedisLogs(url: string, onError: (error: unknown) => void): OpenLog {
  return (name) =>
    redisLog({
      url,
      key: `${KEY_PREFIX}:${name}`,
      maxLength: LOG_LENGTH,
      timeout: '30s',
      // Every log notices an outage; one of them reports it.
      onError: name === 'page' ? onError : () => {},
    })
}

/** Deletes the events of an earlier replay, which are later in event time. Rejects if Redis is unavailable. */
export async function clearLogs(url: string): Promise<void> {
  const client = createClient({ url, socket: { reconnectStrategy: false, connectTimeout: 5_000 } })
  client.on('error', () => {}) // `connect` rejects with the error.
  try {
    await client.connect()
    for await (const keys of client.scanIterator({ MATCH: `{${KEY_PREFIX}:*}:*`, COUNT: 1_000 })) {
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
const KEY_PREFIX = 'rxsse-demo'
