import type { EventLog, LogGap, LogPosition, LogTail } from '@rxsse/server'
import { Connection, clientOf } from './connection.ts'
import { RedisError } from './errors.ts'
import { Faults } from './faults.ts'
import { Horizon } from './horizon.ts'
import { keysOf } from './keys.ts'
import { Outbox } from './outbox.ts'
import { pause } from './pause.ts'
import { readAfter, tryReading } from './reader.ts'
import { type RedisLogOptions, resolveSettings } from './redis-log-options.ts'
import { follow } from './tail.ts'

/**
 * A log in Redis Streams (Redis 7 or newer, or Valkey), for any number of nodes: what one publishes, the clients of
 * all get, everywhere in one order, and readers resume from any node. Each node calls it for itself, with one `key`.
 *
 * Offset, id and entry are written by one script, so nodes cannot come between one another. While Redis is away,
 * clients stay connected, calls wait or fail as `whenAway` says, and everything goes on by itself when it is back.
 * Where Redis comes back with less than it had, ids of what is missing are answered with a `gap`.
 *
 * Throws at once where an option is not as it must be; not being able to reach Redis is no such error.
 */
export function redisLog(options: RedisLogOptions): EventLog {
  const settings = resolveSettings(options)
  const client = clientOf(options, 'redisLog')
  const keys = keysOf(settings.key)
  const faults = new Faults(settings.onError)
  const horizon = new Horizon()
  const connection = new Connection(client, faults)
  const context = { connection, keys, settings, faults, horizon }
  const outbox = new Outbox(context)
  const open = new Set([connection])

  return {
    async append(message, target, { sourceId } = {}) {
      assertOpen()
      return outbox.append(message, target, sourceId)
    },

    async since(from, limit) {
      assertOpen()
      const place = typeof from === 'string' ? { id: from } : { offset: from }
      const { head, after, gap, entries } = await readAfter(place, limit, context)
      const end = entries.at(-1)?.offset ?? after.offset
      const told: LogGap | undefined = gap && { ...gap, from: String(from), to: after }
      return { entries, end, more: end < head.offset && entries.length > 0, gap: told }
    },

    async head() {
      assertOpen()
      return (await readAfter('head', 0, context)).head
    },

    async tail(listener): Promise<LogTail> {
      assertOpen()
      // It blocks, so it has a connection of its own.
      const blocking = new Connection(client, faults)
      open.add(blocking)
      const stop = () => {
        open.delete(blocking)
        blocking.close()
      }
      const position = await whereItStands()
      follow(position, listener, { ...context, connection: blocking }).catch(settings.onError)
      return { position, stop }
    },

    close() {
      outbox.close()
      for (const each of open) each.close()
      open.clear()
    },
  }

  /** However long that takes: a node that starts while Redis is away is there when it comes back. */
  async function whereItStands(): Promise<LogPosition> {
    for (let tries = 0; ; tries++) {
      const result = await tryReading('head', 0, context)
      assertOpen()
      if ('answer' in result) return result.answer.head
      if (result.failure.how !== 'unsent') faults.report(result.failure.error)
      await pause(tries)
    }
  }

  function assertOpen(): void {
    if (connection.closed) throw new RedisError('closed', 'the log is closed')
  }
}
