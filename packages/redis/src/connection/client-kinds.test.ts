import { setTimeout as sleep } from 'node:timers/promises'
import { createClient, createCluster } from 'redis'
import { describe, expect, it, onTestFinished } from 'vitest'
import { redisPath } from '../../test/redis.ts'
import { setUpSentinels } from '../../test/sentinels.ts'
import { setUpAdmin, setUpLog, setUpPresence, setUpRedis } from '../../test/set-up.ts'
import { redisStore } from '../store/redis-store.ts'
import type { RedisClient } from './redis-client.ts'

/** Checks that appending, reading and tailing work with a client. */
async function expectToWork(client: RedisClient, key: string): Promise<void> {
  const log = setUpLog({ client, key })
  const seen: string[] = []
  const tail = await log.tail?.((entries) => void seen.push(...entries.map(({ message }) => message.data)))
  const entries = await Promise.all(
    ['1', '2', '3'].map((data) => log.append({ data, topic: '' }, 'all', { sourceId: data })),
  )
  await expect.poll(() => seen.length).toBe(3)
  expect(seen).toEqual(['1', '2', '3'])
  expect((await log.since(entries[0]?.id ?? '', { limit: 10 })).entries.map(({ id }) => id)).toEqual(
    entries.slice(1).map(({ id }) => id),
  )
  tail?.stop()
}

describe.skipIf(redisPath === undefined)('redisLog with a given client', () => {
  it('works with createClient, connected or not, and leaves the client unchanged', async () => {
    const redis = await setUpRedis()
    const client = createClient({ url: redis.url })
    await expectToWork(client, 'one')
    expect(client.isOpen).toBe(false)
    await client.connect()
    onTestFinished(() => client.destroy())
    await expectToWork(client, 'two')
    expect(await client.ping()).toBe('PONG')
  })

  it('reconnects even if the client is configured not to', async () => {
    const redis = await setUpRedis({ durable: true })
    const client = createClient({ url: redis.url, socket: { reconnectStrategy: false } })
    const log = setUpLog({ client, timeout: '30s' })
    const seen: string[] = []
    await log.tail?.((entries) => void seen.push(...entries.map(({ message }) => message.data)))
    await log.append({ data: '1', topic: '' }, 'all')
    await redis.stop()
    await redis.start()
    await log.append({ data: '2', topic: '' }, 'all')
    await expect.poll(() => seen.length).toBe(2)
    expect(seen).toEqual(['1', '2'])
  })

  it.each<[string, object]>([
    ['that answers with bytes', { commandOptions: { typeMapping: { 36: Buffer, 43: Buffer } } }],
    ['that answers with lists and maps', { commandOptions: { typeMapping: { 37: Map, 42: Array } } }],
    ['that puts a prefix before its keys', { keyPrefix: 'app:' }],
    ['of an older protocol', { RESP: 2 }],
    ['of another database', { database: 3 }],
  ])('works with a client %s: the log, the store and the presence', async (_, options) => {
    const { url } = await setUpRedis()
    const client = createClient({ url, ...options })
    await expectToWork(client, 'one')

    const presences = [setUpPresence({ client }), setUpPresence({ client })]
    for (const presence of presences) presence.next({ type: 'opened', rooms: [], user: 'ada' })
    await expect.poll(() => presences[0]?.count({ user: 'ada' })).toBe(2)

    const store = redisStore({ client, job: 'one' })
    onTestFinished(() => store.close())
    await store.acquire().granted
    await store.save({ number: 1, chunks: [Uint8Array.of(0, 127, 255)] })
    const { chunks } = (await store.load()) ?? { chunks: [] }
    expect(chunks.map((chunk) => [...chunk])).toEqual([[0, 127, 255]])
    const log = setUpLog({ client, key: 'rxsse', fence: store })
    expect(await log.append({ data: '1', topic: '' }, 'all')).toMatchObject({ message: { data: '1' } })
  })

  it('does not wait longer for an entry than its connection is kept without an answer', async () => {
    const { url } = await setUpRedis()
    const errors: unknown[] = []
    const client = createClient({ url, pingInterval: 300, socket: { socketTimeout: 1_000 } })
    const log = setUpLog({ client, onError: (error) => errors.push(error) })
    const seen: string[] = []
    await log.tail?.((entries) => void seen.push(...entries.map(({ message }) => message.data)))
    await sleep(1_500)
    await log.append({ data: '1', topic: '' }, 'all')
    await expect.poll(() => seen).toEqual(['1'])
    expect(errors).toEqual([])
  })

  it('works with createCluster: the keys of a log share a slot', async () => {
    const redis = await setUpRedis({ config: ['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000'] })
    const admin = await setUpAdmin(redis)
    await admin.sendCommand(['CLUSTER', 'ADDSLOTSRANGE', '0', '16383'])
    await expect.poll(() => admin.sendCommand(['CLUSTER', 'INFO'])).toContain('cluster_state:ok')
    await expectToWork(createCluster({ rootNodes: [{ url: redis.url }] }), 'one')
    await expectToWork(createCluster({ rootNodes: [{ url: redis.url }] }), 'another')
  })

  it('works with createSentinel', async () => {
    const redis = await setUpRedis()
    const sentinels = await setUpSentinels(redis.port, 1)
    await expectToWork(sentinels.createClient(), 'one')
  })
})
