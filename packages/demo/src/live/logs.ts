import { redisLog } from '@rxsse/redis'
import { type EventLog, memoryLog } from '@rxsse/server'
import { createClient } from 'redis'

/** Opens the log in which the sink of that name keeps its events. */
export type OpenLog = (name: string) => EventLog

export function logsInMemory(): OpenLog {
  return () => memoryLog({ capacity: KEPT })
}

/** The same logs for every process that is given the same Redis. `trouble` is told when that goes away, once until it is back. */
export function logsInRedis(url: string, trouble: (error: unknown) => void): OpenLog {
  return (name) =>
    redisLog({
      url,
      key: `${PREFIX}:${name}`,
      maxLength: KEPT,
      timeout: '30s',
      // All of them notice; one of them tells.
      onError: name === 'page' ? trouble : () => {},
    })
}

/** Deletes what an earlier replay left, whose times would come after those of a new one. Rejects where there is no Redis. */
export async function clearLogs(url: string): Promise<void> {
  const client = createClient({ url, socket: { reconnectStrategy: false, connectTimeout: 5_000 } })
  client.on('error', () => {}) // `connect` rejects with it.
  try {
    await client.connect()
    for await (const keys of client.scanIterator({ MATCH: `{${PREFIX}:*}:*`, COUNT: 1_000 })) {
      if (keys.length > 0) await client.del(keys)
    }
  } catch (error) {
    const { host } = new URL(url)
    const reason = error instanceof AggregateError ? error.errors.join(', ') : String(error)
    throw new Error(`--redis: no use of Redis at ${host}: ${reason}`, { cause: error })
  } finally {
    client.destroy()
  }
}

const KEPT = 10_000
const PREFIX = 'rxsse-demo'
