import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from 'redis'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Redis, redisPath } from '../../test/redis.ts'
import { setUpLog, setUpRedis } from '../../test/set-up.ts'
import type { RedisLogOptions } from '../log/redis-log-options.ts'

type Admin = ReturnType<typeof createClient>

/** A state that a Redis gets into and out of again, in which it answers with the code of that name. */
interface Passing {
  readonly config?: readonly string[]
  /** What the log has written before: nothing, as where a slot has to be empty. */
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

const passing: Record<string, Passing> = {
  READONLY: away,
  MASTERDOWN: { config: ['--replica-serve-stale-data', 'no'], ...away },
  LOADING: {
    config: [
      ...['--enable-debug-command', 'yes'],
      // Clients are answered each time that so much is loaded.
      ...['--rdbcompression', 'no', '--loading-process-events-interval-bytes', '1024'],
    ],
    async enter(admin, redis) {
      for (let n = 0; n < 200; n++) await admin.set(`key ${n}`, 'x'.repeat(1_100))
      // So many microseconds for each key that is loaded.
      await admin.configSet('key-load-delay', '20000')
      ask(await connected(redis), 'DEBUG', 'RELOAD').catch(() => {})
    },
    // It is over by itself.
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
      await expect.poll(() => saidBy(admin)).not.toMatch(/^CLUSTERDOWN/)
      // Some of the keys of the log are there, and some are not.
      await admin.zAdd('{rxsse}:ids', { score: 1, value: '=x' })
      await setSlot(admin, 'MIGRATING', await otherNode(admin, redis))
    },
    leave: (admin) => setSlot(admin, 'STABLE'),
  },
}

describe.skipIf(redisPath === undefined)('while Redis answers with', () => {
  it.each(Object.entries(passing))(
    '%s, calls wait and are carried out afterwards',
    async (code, { config = [], begins, enter, leave }) => {
      const { redis, admin, log } = await started(config)
      if (begins === undefined) await log.append({ data: 'before', topic: '' }, 'all')
      await enter(admin, redis)
      await expect.poll(() => saidBy(admin)).toMatch(new RegExp(`^${code}`))
      const done: string[] = []
      const calls = Promise.all([
        Promise.resolve(log.append({ data: 'meanwhile', topic: '' }, 'all')).finally(() =>
          done.push('append'),
        ),
        Promise.resolve(log.since('x', 1)).finally(() => done.push('since')),
      ])
      calls.catch(() => {})
      await sleep(100)
      // What is there can be read meanwhile; what is to be written waits.
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

/** What Redis says to a script such as the log's, which writes to several keys. */
async function saidBy(admin: Admin): Promise<string> {
  const script = "redis.call('SET', KEYS[1], ''); redis.call('DEL', KEYS[1])"
  const keys = ['{rxsse}:probe', '{rxsse}:ids']
  return String(await ask(admin, 'EVAL', script, '2', ...keys).catch(({ message }) => message))
}

/** Another node joins the cluster; gives its id. */
async function otherNode(admin: Admin, { port }: Redis): Promise<string> {
  const redis = await setUpRedis({ config: cluster })
  const other = await connected(redis)
  await ask(other, 'CLUSTER', 'MEET', '127.0.0.1', `${port}`)
  const id = await ownId(other)
  await expect.poll(() => ask(admin, 'CLUSTER', 'NODES')).toContain(id)
  return id
}
