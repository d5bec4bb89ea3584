import { describe, expect, it } from 'vitest'
import { type Client, openClient, openNode } from '../../test/local-node.ts'
import { type Redis, redisPath } from '../../test/redis.ts'
import { setUpAdmin, setUpLog, setUpRedis } from '../../test/set-up.ts'

/** Reads the log after an id, page by page: the data of its entries and its gaps. */
async function readAfter(redis: Redis, id: string): Promise<string[]> {
  const log = setUpLog({ url: redis.url })
  const found: string[] = []
  for (let from: string | number = id; ; ) {
    const { entries, gap, end, more } = await log.since(from, { limit: 3 })
    if (gap !== undefined) found.push(`gap ${gap.reason}`)
    found.push(...entries.map(({ message }) => message.data))
    if (!more) return found
    from = end
  }
}

const gapsOf = ({ events }: Client) =>
  events.filter(({ type }) => type === 'gap').map(({ data }) => JSON.parse(data))

describe.skipIf(redisPath === undefined)('when Redis comes back', () => {
  it('empty, clients get a gap, whether connected or resuming, and then new events', async () => {
    const redis = await setUpRedis()
    const [one, two] = await Promise.all([openNode({ url: redis.url }), openNode({ url: redis.url })])
    const clients = await Promise.all([openClient(one.url), openClient(two.url)])
    await one.sink.publish({ data: '1' })
    const { id } = await one.sink.publish({ data: '2' })
    await expect.poll(() => clients.every((client) => client.data().length === 2)).toBe(true)
    await redis.stop()
    await redis.start()
    const { id: next } = await two.sink.publish({ data: '3' })
    await expect.poll(() => clients.every((client) => client.data().length === 3)).toBe(true)
    const [epoch] = next?.split('-') ?? []
    expect(epoch).not.toBe(id?.split('-')[0])
    for (const client of clients) {
      expect(client.events.map(({ type, data }) => (type === 'gap' ? 'gap' : data))).toEqual([
        '1',
        '2',
        'gap',
        '3',
      ])
      expect(gapsOf(client)).toEqual([{ from: id, to: expect.stringMatching(/-0$/), reason: 'epoch' }])
      expect(client.connections).toBe(1)
    }
    const late = await openClient(one.url, { lastEventId: id ?? '' })
    await expect.poll(() => late.events.length).toBe(2)
    expect(late.data()).toEqual(['3'])
    expect(gapsOf(late)).toEqual([{ from: id, to: expect.stringMatching(/-0$/), reason: 'epoch' }])
    await one.sink.publish({ data: '4' })
    await expect.poll(() => [...clients, late].every((client) => client.data().includes('4'))).toBe(true)
    expect(late.data()).toEqual(['3', '4'])
  })

  it('empty, and a new node writes first, the clients of older nodes still get all its events', async () => {
    const redis = await setUpRedis()
    const node = await openNode({ url: redis.url })
    const client = await openClient(node.url)
    for (let n = 0; n < 50; n++) await node.sink.publish({ data: 'before' })
    await expect.poll(() => client.events.length).toBe(50)
    await redis.stop()
    await redis.start()
    const fresh = setUpLog({ url: redis.url })
    for (const data of ['1', '2', '3']) await fresh.append({ data, topic: 'message' }, 'all')
    await expect.poll(() => client.data().length).toBe(53)
    expect(client.data().slice(50)).toEqual(['1', '2', '3'])
    expect(gapsOf(client)).toMatchObject([{ reason: 'epoch' }])
  })

  it('emptied without a restart, connected clients get a gap even if nobody publishes', async () => {
    const redis = await setUpRedis()
    const node = await openNode({ url: redis.url })
    const client = await openClient(node.url)
    const { id } = await node.sink.publish({ data: '1' })
    const admin = await setUpAdmin(redis)
    await admin.flushAll()
    await expect.poll(() => gapsOf(client).length).toBeGreaterThan(0)
    expect(gapsOf(client)).toEqual([{ from: id, to: expect.stringMatching(/-0$/), reason: 'epoch' }])
    await node.sink.publish({ data: '2' })
    await expect.poll(() => client.data().length).toBe(2)
    expect(gapsOf(client).length).toBe(1)
  })

  it.each(['{rxsse}:events', '{rxsse}:metadata'])(
    'without its key %s, as after an eviction, the log begins anew',
    async (key) => {
      const redis = await setUpRedis()
      const log = setUpLog({ url: redis.url })
      const { id } = await log.append({ data: '1', topic: '' }, 'all', { sourceId: 's' })
      const admin = await setUpAdmin(redis)
      await admin.del(key)
      await log.append({ data: '2', topic: '' }, 'all', { sourceId: 's' })
      expect(await readAfter(redis, id)).toEqual(['gap epoch', '2'])
    },
  )

  it('with all its data, earlier ids resume without a gap, over any number of restarts', async () => {
    const redis = await setUpRedis({ durable: true })
    const log = setUpLog({ url: redis.url })
    const ids = [(await log.head()).id]
    for (let n = 1; n <= 6; n++) {
      ids.push((await log.append({ data: `${n}`, topic: '' }, 'all')).id)
      if (n % 2 === 1) continue
      await redis.stop('SIGKILL')
      await redis.start()
    }
    expect(new Set(ids.map((id) => id.split('-')[0])).size).toBe(3)
    for (const [n, id] of ids.entries()) {
      expect(await readAfter(redis, id)).toEqual(['1', '2', '3', '4', '5', '6'].slice(n))
    }
  })

  it('from an older backup, the lost entries are a gap, even after more entries were written than lost', async () => {
    const redis = await setUpRedis({ durable: true })
    const node = await openNode({ url: redis.url })
    const client = await openClient(node.url)
    const ids: (string | undefined)[] = []
    for (const data of ['1', '2']) ids.push((await node.sink.publish({ data })).id)
    await redis.stop()
    redis.backUp()
    await redis.start()
    for (const data of ['3', '4']) ids.push((await node.sink.publish({ data })).id)
    await expect.poll(() => client.data().length).toBe(4)
    await redis.stop()
    redis.restore()
    await redis.start()
    // A new node writes first.
    const fresh = setUpLog({ url: redis.url })
    for (const data of ['5', '6', '7', '8', '9']) await fresh.append({ data, topic: 'message' }, 'all')
    await expect.poll(() => client.data().length).toBe(9)
    expect(client.data()).toEqual(['1', '2', '3', '4', '5', '6', '7', '8', '9'])
    expect(gapsOf(client)).toEqual([{ from: ids[3], to: expect.any(String), reason: 'epoch' }])
    expect(await readAfter(redis, gapsOf(client)[0].to)).toEqual(['5', '6', '7', '8', '9'])
    // A client that was away and never got the lost entries gets a gap too.
    expect(await readAfter(redis, ids[0] ?? '')).toEqual(['2', 'gap trimmed', '5', '6', '7', '8', '9'])
    expect(await readAfter(redis, ids[1] ?? '')).toEqual(['gap trimmed', '5', '6', '7', '8', '9'])
    const away = await openClient(node.url, { lastEventId: ids[0] ?? '' })
    await expect.poll(() => away.data().includes('9')).toBe(true)
    expect(away.events.map(({ type, data }) => (type === 'gap' ? 'gap' : data))).toEqual([
      '2',
      'gap',
      '5',
      '6',
      '7',
      '8',
      '9',
    ])
    for (const lost of ids.slice(2)) {
      const again = ['gap epoch', '1', '2', 'gap trimmed', '5', '6', '7', '8', '9']
      expect(await readAfter(redis, lost ?? '')).toEqual(again)
    }
  })

  it('from copies of its keys in the same server process, a node that knows more entries reports the loss', async () => {
    const redis = await setUpRedis()
    const admin = await setUpAdmin(redis)
    const node = await openNode({ url: redis.url })
    const client = await openClient(node.url)
    const first = (await node.sink.publish({ data: '1' })).id
    const parts = ['metadata', 'events']
    for (const part of parts) await admin.copy(`{rxsse}:${part}`, `{rxsse}:${part}:backup`)
    const lost = (await node.sink.publish({ data: 'lost' })).id
    await expect.poll(() => client.data().length).toBe(2)
    const restored = admin.multi()
    for (const part of parts) restored.copy(`{rxsse}:${part}:backup`, `{rxsse}:${part}`, { REPLACE: true })
    await restored.exec()
    const next = (await node.sink.publish({ data: '2' })).id
    expect(next).not.toBe(lost)
    await expect.poll(() => client.data().includes('2')).toBe(true)
    expect(client.events.map(({ type, data }) => (type === 'gap' ? 'gap' : data))).toEqual([
      '1',
      'lost',
      'gap',
      '2',
    ])
    expect(await readAfter(redis, lost ?? '')).toEqual(['gap ahead', '2'])
    expect(await readAfter(redis, first ?? '')).toEqual(['gap trimmed', '2'])
  })

  it('empty and with its clock set back by an hour, offsets keep ascending and connected clients get all later events', async () => {
    const redis = await setUpRedis()
    const admin = await setUpAdmin(redis)
    const log = setUpLog({ url: redis.url })
    await log.head()
    // As if the log had begun while the clock was an hour ahead.
    const ahead = String((Date.now() + 3_600_000) * 1_000)
    await admin.hSet('{rxsse}:metadata', { base: ahead, first: `${BigInt(ahead) + 1n}`, last: ahead })
    const node = await openNode({ url: redis.url })
    const client = await openClient(node.url)
    const { offset } = await log.append({ data: '1', topic: 'message' }, 'all')
    await expect.poll(() => client.data().length).toBe(1)
    await admin.flushAll()
    for (const data of ['2', '3'])
      expect((await log.append({ data, topic: 'message' }, 'all')).offset).toBeGreaterThan(offset)
    await expect.poll(() => client.data().includes('3')).toBe(true)
    expect(client.events.map(({ type, data }) => (type === 'gap' ? 'gap' : data))).toEqual([
      '1',
      'gap',
      '2',
      '3',
    ])
  })

  it('as another server (a replica that lagged behind its master), a new term begins as after a restart', async () => {
    const master = await setUpRedis()
    const replica = await setUpRedis({ config: ['--replicaof', '127.0.0.1', `${master.port}`] })
    const log = setUpLog({ url: master.url })
    const first = await log.append({ data: '1', topic: '' }, 'all')
    const admin = await setUpAdmin(replica)
    await expect.poll(() => true).toBe(true)
    await expect.poll(() => admin.hGet('{rxsse}:metadata', 'last')).toBe(String(first.offset))
    await admin.sendCommand(['REPLICAOF', 'NO', 'ONE'])
    const lost = await log.append({ data: 'lost', topic: '' }, 'all')
    const promoted = setUpLog({ url: replica.url })
    const next = await promoted.append({ data: '2', topic: '' }, 'all')
    expect(next.offset).toBeGreaterThan(lost.offset)
    expect(await readAfter(replica, first.id)).toEqual(['2'])
    expect(await readAfter(replica, lost.id)).toEqual(['gap ahead', '2'])
  })
})
