import type { EventLog, LogGap, LogPosition, LogTail } from '@rxsse/server'
import { createOpenTail, type OpenTail } from '@rxsse/shared'
import { backoff } from '../connection/backoff.ts'
import { Connection } from '../connection/connection.ts'
import { OutageReporter } from '../connection/outage-reporter.ts'
import { RedisError } from '../connection/redis-error.ts'
import { AppendQueue } from './append-queue.ts'
import { HighWatermark } from './high-watermark.ts'
import { createLogKeys } from './keys.ts'
import type { LogContext } from './log-context.ts'
import { NOTHING, readPage, tryReadPage } from './reader.ts'
import { type RedisLogOptions, resolveLogOptions } from './redis-log-options.ts'
import { Tail } from './tail.ts'

/**
 * An event log in Redis Streams (Redis 7 or newer, or Valkey) that any number of nodes share. Each node calls
 * `redisLog` with the same `key`. Clients of every node receive all messages in one order, and resume at any node.
 *
 * One script assigns the offset and the id and writes the entry, so nodes cannot interleave. While Redis is away,
 * clients stay connected, calls wait or fail (`whenAway`), and everything continues when Redis is back. If Redis
 * returns with less data than it had, clients with ids of lost entries get a `gap`.
 *
 * Throws a `TypeError` if an option is wrong. It does not throw if Redis cannot be reached.
 */
export function redisLog(options: RedisLogOptions): EventLog {
  const settings = resolveLogOptions(options)
  const outages = new OutageReporter(settings.onError)
  const connection = new Connection(settings.client, outages)
  const context: LogContext = {
    connection,
    keys: createLogKeys(settings.key),
    settings,
    outages,
    watermark: new HighWatermark(),
  }
  const queue = new AppendQueue(context)
  const openConnections = new Set([connection])
  const tails = new Set<OpenTail<LogPosition>>()

  return {
    async append(message, target, { sourceId } = {}) {
      assertOpen()
      return queue.append(message, target, sourceId)
    },

    async since(from, bounds) {
      assertOpen()
      const start = typeof from === 'string' ? { id: from } : { offset: from }
      const { head, after, gap: found, entries } = await readPage(start, bounds, context)
      const end = entries.at(-1)?.offset ?? after.offset
      const gap: LogGap | undefined = found && { ...found, from: String(from), to: after }
      return { entries, end, more: end < head.offset && entries.length > 0, gap }
    },

    async head() {
      assertOpen()
      return (await readPage('head', NOTHING, context)).head
    },

    async tail(listener): Promise<LogTail> {
      assertOpen()
      const tailConnection = new Connection(settings.client, outages)
      openConnections.add(tailConnection)
      const position = await waitForHead()
      new Tail(position, listener, { ...context, connection: tailConnection })
        .run()
        .catch((error) => outages.report(error))
      const tail = createOpenTail(position, () => {
        tails.delete(tail)
        openConnections.delete(tailConnection)
        tailConnection.close()
      })
      tails.add(tail)
      return tail
    },

    close() {
      queue.close()
      for (const each of openConnections) each.close()
      openConnections.clear()
      for (const tail of tails) tail.end(createClosedError())
      tails.clear()
    },
  }

  /** Has no timeout, so that a node that starts while Redis is away works once it is back. */
  async function waitForHead(): Promise<LogPosition> {
    for (let failures = 0; ; failures++) {
      const outcome = await tryReadPage('head', NOTHING, context)
      assertOpen()
      if ('answer' in outcome) return outcome.answer.head
      connection.reportFailure(outcome.failure)
      await backoff(failures, settings)
    }
  }

  function assertOpen(): void {
    if (connection.closed) throw createClosedError()
  }
}

function createClosedError(): RedisError {
  return new RedisError('closed', 'the log is closed')
}
