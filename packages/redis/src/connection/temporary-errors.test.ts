import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from 'redis'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Redis, redisPath } from '../../test/redis.ts'
import { setUpLog, setUpRedis } from '../../test/set-up.ts'
import type { RedisLogOptions } from '../log/redis-log-options.ts'

type Admin = ReturnType<typeof createClient>

/** A temporary state of Redis in which it answers with that error code. */
interface TemporaryState {
  readonly config?: readonly string[]
  /** `'empty'` if the log must not have written before, because the slot must be empty. */
  readonly begins?: 'empty'
  enter(admin: Admin, redis: Redis): Promise<unknown>
  leave(admin: Admin): Promise<unknown>
}

const ask = (client: Admin, ...command: string[]) => client.sendCommand(command)
const setSlot = async (admin: Admin, ...to: string[]) =>
  ask(admin, 'CLUSTER', 'SETSLOT', String(await ask(admin, 'CLUSTER', 'KEYSLOT', '{rxsse}')), ...to)
const ownId = async (node: Admin) => String(await ask(node, 'CLUSTER', 'MYID'))
const allSlots = (admin: Admin) => ask(admin, 'CLUSTER', 'ADDSLOTSRANGE', '0', '16383')
const cluster = ['--cluster-enabled', 'yes', '--cluster-require-full-coverage', 'no']
const away = {
  enter: (admin: Admin) => ask(admin, 'REPLICAOF', '127.0.0.1', '1'),
  leave: (admin: Admin) => ask(admin, 'REPLICAOF', 'NO', 'ONE'),
}

const states: Record<string, TemporaryState> = {
  READONLY: away,
  NOREPLICAS: {
    enter: (admin) => admin.configSet('min-replicas-to-write', '1'),
    leave: (admin) => admin.configSet('min-replicas-to-write', '0'),
  },
  MASTERDOWN: { config: ['--replica-serve-stale-data', 'no'], ...away },
  LOADING: {
    config: [
      ...['--enable-debug-command', 'yes'],
      // While it loads, Redis answers clients after each of these bytes.
      ...['--rdbcompression', 'no', '--loading-process-events-interval-bytes', '1024'],
    ],
    async enter(admin, redis) {
      for (let n = 0; n < 200; n++) await admin.set(`key ${n}`, 'x'.repeat(1_100))
      // Microseconds for each key.
      await admin.configSet('key-load-delay', '20000')
      ask(await connected(redis), 'DEBUG', 'RELOAD').catch(() => {})
    },
    // The state ends by itself.
    leave: async () => {},
  },
  BUSY: {
    config: ['--busy-reply-threshold', '1'],
    async enter(_, redis) {
      ask(await connected(redis), 'EVAL', 'while true do end', '0').catch(() => {})
    },
    leave: (admin) => ask(admin, 'SCRIPT', 'KILL'),
  },
  CLUSTERDOWN: { config: cluster, begins: 'empty', enter: async () => {}, leave: allSlots },
  MOVED: {
    config: cluster,
    begins: 'empty',
    async enter(admin, redis) {
      await allSlots(admin)
      await setSlot(admin, 'NODE', await otherNode(admin, redis))
    },
    leave: async (admin) => setSlot(admin, 'NODE', await ownId(admin)),
  },
  ASK: {
    config: cluster,
    begins: 'empty',
    async enter(admin, redis) {
      await allSlots(admin)
      await setSlot(admin, 'MIGRATING', await otherNode(admin, redis))
    },
    leave: (admin) => setSlot(admin, 'STABLE'),
  },
  TRYAGAIN: {
    config: cluster,
    begins: 'empty',
    async enter(admin, redis) {
      await allSlots(admin)
      await expect.poll(() => readError(admin)).not.toMatch(/^CLUSTERDOWN/)
      // Only some of the log's keys exist.
      await admin.zAdd('{rxsse}:ids', { score: 1, value: '=x' })
      await setSlot(admin, 'MIGRATING', await otherNode(admin, redis))
    },
    leave: (admin) => setSlot(admin, 'STABLE'),
  },
}

describe.skipIf(redisPath === undefined)('while Redis answers with', () => {
  it.each(Object.entries(states))(
    '%s, calls wait and are carried out afterwards',
    async (code, { config = [], begins, enter, leave }) => {
      const { redis, admin, log } = await started(config)
      if (begins === undefined) await log.append({ data: 'before', topic: '' }, 'all')
      await enter(admin, redis)
      await expect.poll(() => readError(admin)).toMatch(new RegExp(`^${code}`))
      const done: string[] = []
      const calls = Promise.all([
        Promise.resolve(log.append({ data: 'meanwhile', topic: '' }, 'all')).finally(() =>
          done.push('append'),
        ),
        Promise.resolve(log.since('x', { limit: 1 })).finally(() => done.push('since')),
      ])
      calls.catch(() => {})
      await sleep(100)
      // Reads may succeed meanwhile; writes wait.
      expect(done).not.toContain('append')
      await leave(admin)
      const [{ message }] = await calls
      expect(message.data).toBe('meanwhile')
    },
  )

  it("READONLY, calls fail with that cause with whenAway: 'fail'", async () => {
    const { admin, log } = await started([], { whenAway: 'fail' })
    await log.head()
    await away.enter(admin)
    await expect(log.append({ data: '', topic: '' }, 'all')).rejects.toMatchObject({
      code: 'unavailable',
      cause: expect.objectContaining({ message: expect.stringMatching(/^READONLY/) }),
    })
    await admin.configSet('replica-serve-stale-data', 'no')
    await expect(log.head()).rejects.toMatchObject({
      code: 'unavailable',
      cause: expect.objectContaining({ message: expect.stringMatching(/^MASTERDOWN/) }),
    })
    await away.leave(admin)
    await log.append({ data: '', topic: '' }, 'all')
  })
})

async function started(config: readonly string[], options: Pick<RedisLogOptions, 'whenAway'> = {}) {
  const redis = await setUpRedis({ config })
  const log = setUpLog({ url: redis.url, ...options })
  return { redis, admin: await connected(redis), log }
}

async function connected({ url }: Redis): Promise<Admin> {
  const client: Admin = createClient({ url })
  client.on('error', () => {})
  onTestFinished(() => client.destroy())
  await client.connect()
  return client
}

/** The answer of Redis to a script that writes to several keys, as those of the log do. */
async function readError(admin: Admin): Promise<string> {
  const script = "redis.call('SET', KEYS[1], ''); redis.call('DEL', KEYS[1])"
  const keys = ['{rxsse}:probe', '{rxsse}:ids']
  return String(await ask(admin, 'EVAL', script, '2', ...keys).catch(({ message }) => message))
}

/** Adds another node to the cluster. Returns its id. */
async function otherNode(admin: Admin, { port }: Redis): Promise<string> {
  const redis = await setUpRedis({ config: cluster })
  const other = await connected(redis)
  await ask(other, 'CLUSTER', 'MEET', '127.0.0.1', `${port}`)
  const id = await ownId(other)
  await expect.poll(() => ask(admin, 'CLUSTER', 'NODES')).toContain(id)
  return id
}
