import { randomUUID } from 'node:crypto'
import type { ConnectionChange, SharedPermits, Target } from '@rxsse/server'
import { type Attempt, Connection, clientOf } from '../connection.ts'
import { type Duration, parseDuration } from '../duration.ts'
import { RedisError } from '../errors.ts'
import { Faults } from '../faults.ts'
import { pause } from '../pause.ts'
import { assertKey, type RedisLogClient } from '../redis-log-options.ts'
import { count, leave, report, run, type Script, take } from '../script/script.ts'
import { Share } from './share.ts'

export interface RedisPresenceOptions {
  /** Where Redis is, as for `redisLog`. This or `client`. */
  readonly url?: string
  /** A client to take the settings of, as for `redisLog`. This or `url`. */
  readonly client?: RedisLogClient
  /** Nodes with the same key count together. It may be that of a log. Default `'rxsse'`. */
  readonly key?: string
  /** How long a node counts that is not heard of any more. The same on every node; at least a second. Default `'15s'`. */
  readonly ttl?: Duration
  /** How long a call waits for Redis. Default `'5s'`. */
  readonly timeout?: Duration
  /** Gets an error when Redis goes away, once until it is back. Default: `console.error`. */
  readonly onError?: (error: unknown) => void
}

/** Who is connected, over all nodes. It is also an Observer of a sink's `connections$`, and what `limits.across` takes. */
export interface RedisPresence extends SharedPermits {
  /** A connection of this node opened or closed. */
  next(change: ConnectionChange): void
  error(error: unknown): void
  complete(): void
  /**
   * How many connections there are at all nodes: in all, of a user, or in a room. Rejects with a `RedisError` where
   * Redis does not say within `timeout`.
   */
  count(of?: Target): Promise<number>
  /** Takes this node's share away at once, where Redis can be told, and ends its connection to Redis. */
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
 * Each node tells Redis what it has as that changes, and that it lives, three times within `ttl`. What a node had that
 * died is gone after `ttl`; a node that Redis has forgotten tells everything again.
 *
 * A place is taken at Redis, so that nodes cannot take the same one. While Redis is away, each node limits by its own
 * connections alone: nobody is turned away because nobody could be asked.
 */
export function redisPresence(options: RedisPresenceOptions): RedisPresence {
  const { key = 'rxsse', ttl = '15s', timeout = '5s', onError = console.error } = options
  assertKey(key, 'redisPresence')
  const lifetime = parseDuration(ttl, 'redisPresence: ttl')
  if (lifetime < 1_000) throw new RangeError(`redisPresence: ttl is ${ttl}; it must be a second or more`)
  const patience = parseDuration(timeout, 'redisPresence: timeout')
  if (patience === 0) throw new RangeError("redisPresence: timeout is 0; Redis needs some time, such as '5s'")
  const faults = new Faults(onError)
  const connection = new Connection(clientOf(options, 'redisPresence'), faults)
  const node = randomUUID()
  const prefix = `{${key}}:node:`
  const keys = [`{${key}}:nodes`, `${prefix}${node}`]
  const share = new Share()
  let reporting = false
  let isDue = true
  let leaving: Promise<void> | undefined
  const heartbeat = setInterval(() => {
    isDue = true
    tell()
  }, lifetime / 3)
  tell()

  return {
    next({ type, user, rooms }) {
      const difference = type === 'opened' ? 1 : -1
      share.add(fieldOf('all'), difference)
      if (user !== undefined) share.add(fieldOf({ user }), difference)
      for (const room of new Set(rooms)) share.add(fieldOf({ room }), difference)
      tell()
    },
    error() {},
    complete() {},

    async count(of = 'all') {
      assertOpen()
      const result = await inTime(count, [fieldOf(of)])
      if ('answer' in result) return Number(result.answer)
      const { error, how } = result.failure
      if (connection.closed) throw closedError()
      if (how === 'refused') throw new RedisError('refused', 'Redis refused to count', { cause: error })
      throw new RedisError('timeout', `Redis did not answer within ${patience} ms`, { cause: error })
    },

    async take(name, most) {
      const field = `key:${name}`
      const release = once(() => {
        share.add(field, -1)
        tell()
      })
      const wanted = share.add(field, 1)
      if (wanted <= most && (await isFree(field, wanted, most))) {
        // What was asked for may have been asked again, and come to Redis after a place was released.
        share.doubt(field)
        tell()
        return { release }
      }
      release()
      return undefined
    },

    close: () => (leaving ??= depart()),
  }

  async function depart(): Promise<void> {
    clearInterval(heartbeat)
    await inTime(leave, [])
    connection.close()
  }

  async function isFree(field: string, wanted: number, most: number): Promise<boolean> {
    if (leaving !== undefined) return true
    const result = await inTime(take, [field, `${wanted}`, `${most}`])
    return 'failure' in result || Number(result.answer) === 1
  }

  /** Tells Redis what has changed, one report after another, until it has everything. */
  async function tell(): Promise<void> {
    if (reporting) return
    reporting = true
    // What this turn of the event loop brings goes together.
    await undefined
    // What is told after the node has left would bring it back.
    for (let tries = 0; leaving === undefined && (isDue || !share.isReported); ) {
      isDue = false
      const told = share.next()
      const result = await ask(report, told.args)
      if ('answer' in result && Number(result.answer) === 1) {
        told.kept()
        tries = 0
        continue
      }
      told.lost()
      if ('answer' in result) {
        share.beginAnew()
        continue
      }
      isDue = true
      const { how, error } = result.failure
      if (how !== 'unsent' && !connection.closed) faults.report(error)
      await pause(tries++)
    }
    reporting = false
  }

  /** Tries until Redis answers, for as long as a call may wait. */
  async function inTime(script: Script, args: readonly string[]): Promise<Attempt<unknown>> {
    let last: Attempt<unknown> = { failure: { error: faults.latest, how: 'unsent' } }
    let isLate = false
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        isLate = true
        resolve()
      }, patience)
    })
    await Promise.race([attempts(), late])
    clearTimeout(timer)
    return last

    async function attempts(): Promise<void> {
      for (let tries = 0; !isLate; tries++) {
        last = await ask(script, args)
        if ('answer' in last || last.failure.how === 'refused' || connection.closed) return
        await pause(tries)
      }
    }
  }

  function ask(script: Script, args: readonly string[]): Promise<Attempt<unknown>> {
    return connection.try((client) =>
      run(client, script, { keys, arguments: [node, `${lifetime}`, prefix, ...args] }),
    )
  }

  function assertOpen(): void {
    if (leaving !== undefined) throw closedError()
  }
}

function fieldOf(of: Target): string {
  if (of === 'all') return 'all'
  return 'room' in of ? `room:${of.room}` : `user:${of.user}`
}

function closedError(): RedisError {
  return new RedisError('closed', 'the presence is closed')
}

function once(work: () => void): () => void {
  let done = false
  return () => {
    if (done) return
    done = true
    work()
  }
}
