import { randomUUID } from 'node:crypto'
import type { ConnectionChange, SharedPermits, Target } from '@rxsse/server'
import { type Duration, optionError, parseDuration } from '@rxsse/shared'
import type { SchedulerLike, Unsubscribable } from 'rxjs'
import { Connection, type Failure, type Outcome } from '../connection/connection.ts'
import { type ConnectionOptions, resolveConnectionOptions } from '../connection/connection-options.ts'
import { OutageReporter } from '../connection/outage-reporter.ts'
import { RedisError } from '../connection/redis-error.ts'
import { retry } from '../connection/retry.ts'
import {
  acquireScript,
  countScript,
  leaveScript,
  reportScript,
  runScript,
  type Script,
} from '../scripts/script.ts'
import { CountReporter } from './count-reporter.ts'
import { LocalCounts } from './local-counts.ts'

export interface RedisPresenceOptions extends ConnectionOptions {
  /** A node that Redis has not heard from for this long no longer counts. At least `'1s'`, the same on every node. Default `'15s'`. */
  readonly ttl?: Duration
}

/** Who is connected, on all nodes. It observes a sink's `connections$`, and `limits.across` takes it. */
export interface RedisPresence extends SharedPermits {
  /** A connection of this node opened or closed. */
  next(change: ConnectionChange): void
  error(error: unknown): void
  complete(): void
  /**
   * The number of connections on all nodes: in all, of a user, or in a room. Rejects with a `RedisError` if Redis
   * does not answer within `timeout`.
   */
  count(target?: Target): Promise<number>
  /** Removes this node's counts at once if Redis can be reached, and closes the connection to Redis. */
  close(): Promise<void>
}

/**
 * Counts connections over all nodes, and limits them.
 *
 * ```ts
 * const presence = redisPresence({ url })
 * const sink = createSink({ log: redisLog({ url }), limits: { connectionsPerKey: 5, across: presence } })
 * sink.connections$.subscribe(presence)
 * await presence.count({ room: 'orders' })
 * ```
 *
 * Each node sends its changed counts to Redis, and a heartbeat three times within `ttl`. The counts of a node that
 * died disappear after `ttl`. A node that Redis has forgotten sends all its counts again.
 *
 * A script acquires permits in Redis, so two nodes never acquire the same one. While Redis is away, each node limits
 * only its own connections, and rejects nobody just because Redis cannot be asked.
 *
 * Throws a `TypeError` if an option is wrong.
 */
export function redisPresence(options: RedisPresenceOptions): RedisPresence {
  const settings = resolveConnectionOptions(options, 'redisPresence')
  const ttl = resolveTtl(options.ttl ?? '15s')
  const outages = new OutageReporter(settings.onError)
  const connection = new Connection(settings.client, outages)
  const counts = new LocalCounts()
  const run = createScriptRunner(connection, settings.key, ttl)
  const send = (args: readonly string[]) => run(reportScript, args)
  const reporter = new CountReporter({ counts, connection, settings, send })
  const heartbeat = repeat(ttl / 3, settings.scheduler, () => reporter.heartbeat())
  let leaving: Promise<void> | undefined
  reporter.report()

  return {
    next({ type, user, rooms }) {
      const difference = type === 'opened' ? 1 : -1
      counts.add(toField('all'), difference)
      if (user !== undefined) counts.add(toField({ user }), difference)
      for (const room of new Set(rooms)) counts.add(toField({ room }), difference)
      reporter.report()
    },
    error() {},
    complete() {},

    async count(target = 'all') {
      if (leaving !== undefined) throw createClosedError()
      const result = await runInTime(countScript, [toField(target)])
      if (result !== 'timeout' && 'answer' in result) return Number(result.answer)
      if (connection.closed) throw createClosedError()
      if (result === 'timeout') {
        const text = `Redis did not answer within ${settings.timeout} ms`
        throw new RedisError('timeout', text, { cause: outages.latestError })
      }
      throw new RedisError('refused', 'Redis refused to count', { cause: result.failure.error })
    },

    async take(key, limit) {
      const field = `key:${key}`
      let isReleased = false
      const release = () => {
        if (isReleased) return
        isReleased = true
        counts.add(field, -1)
        reporter.report()
      }
      const wanted = counts.add(field, 1)
      if (wanted <= limit && (await acquire(field, wanted, limit))) {
        // A retry of the script may have reached Redis after another permit was released.
        counts.invalidate(field)
        reporter.report()
        return { release }
      }
      release()
      return undefined
    },

    close: () => (leaving ??= leave()),
  }

  async function leave(): Promise<void> {
    heartbeat.unsubscribe()
    reporter.stop()
    await runInTime(leaveScript, [])
    connection.close()
  }

  /** Whether the node may have `wanted` permits. If Redis cannot be asked, it may. */
  async function acquire(field: string, wanted: number, limit: number): Promise<boolean> {
    if (leaving !== undefined) return true
    const result = await runInTime(acquireScript, [field, `${wanted}`, `${limit}`])
    return result === 'timeout' || 'failure' in result || Number(result.answer) === 1
  }

  function runInTime(script: Script, args: readonly string[]): Promise<Outcome<unknown> | 'timeout'> {
    const isFinal = ({ kind }: Failure) => kind === 'refused' || connection.closed
    return retry(() => run(script, args), isFinal, settings)
  }
}

function resolveTtl(ttl: Duration): number {
  const milliseconds = parseDuration(ttl, 'redisPresence: ttl')
  if (milliseconds >= 1_000) return milliseconds
  throw optionError('redisPresence: ttl', 'at least a second', ttl)
}

function createScriptRunner(
  connection: Connection,
  key: string,
  ttl: number,
): (script: Script, args: readonly string[]) => Promise<Outcome<unknown>> {
  const node = randomUUID()
  const keys = [`{${key}}:nodes`, `{${key}}:node:${node}`]
  return (script, args) =>
    connection.try((client) => runScript(client, script, { keys, arguments: [node, `${ttl}`, ...args] }))
}

function repeat(interval: number, scheduler: SchedulerLike, work: () => void): Unsubscribable {
  return scheduler.schedule(function () {
    work()
    this.schedule(undefined, interval)
  }, interval)
}

function toField(target: Target): string {
  if (target === 'all') return 'all'
  return 'room' in target ? `room:${target.room}` : `user:${target.user}`
}

function createClosedError(): RedisError {
  return new RedisError('closed', 'the presence is closed')
}
