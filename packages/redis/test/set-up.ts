import { setImmediate as nextTurn } from 'node:timers/promises'
import type { EventLog } from '@rxsse/server'
import type { VirtualClock } from '@rxsse/testing/virtual-time'
import { createClient, type RedisClientType } from 'redis'
import { onTestFinished } from 'vitest'
import {
  type RedisLogOptions,
  type RedisPresence,
  type RedisPresenceOptions,
  redisLog,
  redisPresence,
} from '../src/index.ts'
import { type Redis, type RedisOptions, startRedis } from './redis.ts'

/** A Redis that is closed at the end of the test. */
export async function setUpRedis(options?: RedisOptions): Promise<Redis> {
  const redis = await startRedis(options)
  onTestFinished(() => redis.close())
  return redis
}

/** A log that is closed at the end of the test. */
export function setUpLog(options: RedisLogOptions): EventLog {
  const log = redisLog({ timeout: '60s', onError: () => {}, ...options })
  onTestFinished(() => log.close())
  return log
}

/** A presence that is closed at the end of the test. */
export function setUpPresence(options: RedisPresenceOptions): RedisPresence {
  const presence = redisPresence({ timeout: '30s', onError: () => {}, ...options })
  onTestFinished(() => presence.close())
  return presence
}

/** A plain client with which a test looks into Redis and changes it. */
export async function setUpAdmin({ url }: Pick<Redis, 'url'>): Promise<RedisClientType> {
  const client: RedisClientType = createClient({ url })
  client.on('error', () => {})
  onTestFinished(() => client.destroy())
  await client.connect()
  return client
}

/** Lets virtual time pass as real time does, until a promise settles. */
export async function advanceUntil<T>(clock: VirtualClock, promise: PromiseLike<T> | T): Promise<T> {
  const timer = setInterval(() => clock.advanceBy(1), 1)
  try {
    return await promise
  } finally {
    clearInterval(timer)
  }
}

/** Lets virtual time pass, with a turn of the event loop after each millisecond. */
export async function advance(clock: VirtualClock, milliseconds: number): Promise<void> {
  for (let passed = 0; passed < milliseconds; passed++) {
    await nextTurn()
    clock.advanceBy(1)
  }
  await nextTurn()
}
