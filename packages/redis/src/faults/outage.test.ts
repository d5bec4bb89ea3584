import { once } from 'node:events'
import { createServer } from 'node:net'
import { createClient } from 'redis'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openClient, openNode } from '../test/cluster.ts'
import { eventually } from '../test/eventually.ts'
import { type Redis, type RedisOptions, redisPath, startRedis } from '../test/redis.ts'
import { redisLog } from './redis-log.ts'

async function started(options: RedisOptions = {}): Promise<Redis> {
  const redis = await startRedis(options)
  onTestFinished(() => redis.close())
  return redis
}

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => `${from + n}`)

describe.skipIf(redisPath === undefined)('while Redis is away', () => {
  it.each(['SIGTERM', 'SIGKILL'] as const)(
    'clients stay connected over its restart (%s), publishing waits, and everything goes on by itself, nothing twice',
    async (signal) => {
      const redis = await started({ durable: true })
      const [one, two] = await Promise.all([openNode({ url: redis.url }), openNode({ url: redis.url })])
      const clients = await Promise.all([openClient(one.url), openClient(two.url)])
      for (const n of numbers(1, 20)) one.sink.next({ data: n })
      await eventually(() => clients.every(({ events }) => events.length === 20))
      await redis.stop(signal)
      const published = numbers(21, 30).map((n) => one.sink.publish({ data: n }))
      const elsewhere = two.sink.publish({ data: 'x' })
      await redis.start()
      await Promise.all([...published, elsewhere])
      for (const n of numbers(31, 40)) await two.sink.publish({ data: n })
      await eventually(() => clients.every(({ events }) => events.length >= 41))
      for (const { events, connections, data } of clients) {
        expect(connections).toBe(1)
        expect(events.some(({ type }) => type === 'gap')).toBe(false)
        expect(data().filter((each) => each !== 'x')).toEqual(numbers(1, 40))
      }
      // An id from before the restart is as good as ever.
      const late = await openClient(two.url, { lastEventId: clients[0]?.events[9]?.lastEventId ?? '' })
      await eventually(() => late.events.length >= 31)
      expect(late.events).toEqual(clients[0]?.events.slice(10))
    },
  )

  it("publishing fails at once where that was asked for, with the cause and 'unavailable'", async () => {
    const redis = await started()
    const log = redisLog({ url: redis.url, whenAway: 'fail', onError: () => {} })
    onTestFinished(() => log.close())
    await log.append({ data: 'a', topic: '' }, 'all')
    await redis.stop()
    // The first may meet the connection as it is being lost.
    await expect(log.append({ data: 'b', topic: '' }, 'all')).rejects.toMatchObject({ code: 'unavailable' })
    await expect(log.append({ data: 'c', topic: '' }, 'all')).rejects.toMatchObject({
      name: 'RedisError',
      code: 'unavailable',
      mayBeAppended: false,
      cause: expect.any(Error),
    })
    await expect(log.since('x', 1)).rejects.toMatchObject({ code: 'unavailable' })
    await redis.start()
    let id = ''
    while (id === '') {
      await new Promise((resolve) => setTimeout(resolve, 5))
      id = await Promise.resolve(log.append({ data: 'd', topic: '' }, 'all')).then(
        (entry) => entry.id,
        () => '',
      )
    }
    expect((await log.since(id, 1)).gap).toBeUndefined()
  })

  it('a call that waited long enough is an error that says whether the message may be there', async () => {
    const redis = await started()
    const log = redisLog({ url: redis.url, timeout: 300, onError: () => {} })
    onTestFinished(() => log.close())
    const { id } = await log.head()
    redis.pause()
    const onItsWay = log.append({ data: 'a', topic: '' }, 'all', { sourceId: 'a' })
    await expect(onItsWay).rejects.toMatchObject({ code: 'timeout', mayBeAppended: true })
    const neverSent = log.append({ data: 'b', topic: '' }, 'all')
    await expect(neverSent).rejects.toMatchObject({ code: 'timeout', mayBeAppended: false })
    await expect(log.head()).rejects.toMatchObject({ code: 'timeout' })
    redis.resume()
    await log.append({ data: 'a', topic: '' }, 'all', { sourceId: 'a' })
    await log.append({ data: 'c', topic: '' }, 'all')
    const { entries } = await log.since(id, 10)
    expect(entries.map(({ message }) => message.data)).toEqual(['a', 'c'])
  })

  it('clients stay connected while it is paused, and have everything once it goes on', async () => {
    const redis = await started()
    const node = await openNode({ url: redis.url })
    const client = await openClient(node.url)
    await node.sink.publish({ data: '1' })
    redis.pause()
    const waiting = numbers(2, 10).map((n) => node.sink.publish({ data: n }))
    await new Promise((resolve) => setTimeout(resolve, 300))
    redis.resume()
    await Promise.all(waiting)
    await eventually(() => client.events.length >= 10)
    expect(client.data()).toEqual(numbers(1, 10))
    expect(client.connections).toBe(1)
  })

  it('a node may start, and serves clients when it is back', async () => {
    const redis = await started({ durable: true })
    const before = await openNode({ url: redis.url })
    const { id } = await before.sink.publish({ data: '1' })
    await before.sink.publish({ data: '2' })
    await redis.stop()
    const node = await openNode({ url: redis.url }, { waits: false })
    const fresh = await openClient(node.url)
    const resuming = await openClient(node.url, { lastEventId: id ?? '' })
    const published = node.sink.publish({ data: '3' })
    await redis.start()
    await published
    await eventually(() => resuming.data().length >= 2)
    expect(resuming.data()).toEqual(['2', '3'])
    await node.sink.publish({ data: '4' })
    await eventually(() => fresh.data().includes('4') && resuming.data().includes('4'))
    expect(fresh.connections).toBe(1)
    expect(resuming.data()).toEqual(['2', '3', '4'])
  })

  it('tells onError once, until it is back', async () => {
    const redis = await started()
    const errors: unknown[] = []
    const log = redisLog({ url: redis.url, onError: (error) => errors.push(error) })
    onTestFinished(() => log.close())
    await log.head()
    await redis.stop()
    await eventually(() => errors.length > 0)
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(errors.length).toBe(1)
    await redis.start()
    await log.head()
    await redis.stop()
    await eventually(() => errors.length > 1)
  })
})

describe.skipIf(redisPath === undefined)('what Redis refuses', () => {
  it('is an error at once, with what it said', async () => {
    const redis = await started()
    const client = createClient({ url: redis.url })
    onTestFinished(() => client.destroy())
    await client.connect()
    await client.set('{rxsse}:life', 'something else')
    const log = redisLog({ client, onError: () => {} })
    onTestFinished(() => log.close())
    await expect(log.append({ data: '', topic: '' }, 'all')).rejects.toMatchObject({
      code: 'refused',
      mayBeAppended: false,
      cause: expect.objectContaining({ message: expect.stringContaining('WRONGTYPE') }),
    })
    await expect(log.head()).rejects.toMatchObject({ code: 'refused' })
    await client.del('{rxsse}:life')
    await log.append({ data: '', topic: '' }, 'all')
    await client.configSet('maxmemory', '1')
    await expect(log.append({ data: '', topic: '' }, 'all')).rejects.toMatchObject({
      code: 'refused',
      cause: expect.objectContaining({ message: expect.stringContaining('OOM') }),
    })
    await client.configSet('maxmemory', '0')
    await log.append({ data: '', topic: '' }, 'all')
    expect(client.isOpen).toBe(true)
    log.close()
    expect(await client.ping()).toBe('PONG')
  })

  it('never shows a password', async () => {
    const redis = await started({ config: ['--requirepass', 'rightsecret'] })
    const errors: unknown[] = []
    const url = redis.url.replace('redis://', 'redis://:wrongsecret@')
    const log = redisLog({ url, timeout: 500, onError: (error) => errors.push(error) })
    onTestFinished(() => log.close())
    await Promise.resolve(log.append({ data: '', topic: '' }, 'all')).catch((error) => errors.push(error))
    await Promise.resolve(log.head()).catch((error) => errors.push(error))
    const { inspect } = await import('node:util')
    expect(errors.length).toBeGreaterThanOrEqual(3)
    for (const error of errors) expect(inspect(error, { depth: 10 })).not.toContain('secret')
    expect(inspect(errors)).toContain('WRONGPASS')
  })
})

it.each(['', 'localhost', 'http://u:secret@host', 'redis://u:secret@host:port', 'redis://u:secret@host/x'])(
  'refuses a url it cannot read, %j, without showing it',
  (url) => {
    expect(() => redisLog({ url })).toThrow(/^redisLog: url cannot be read \(it is not shown/)
  },
)

it('refuses options that are not as they must be, by name', () => {
  const url = 'redis://127.0.0.1:1'
  expect(() => redisLog({})).toThrow('redisLog: url is undefined; it must be like redis://')
  for (const maxLength of [0, -1, 1.5, Number.NaN]) {
    expect(() => redisLog({ url, maxLength })).toThrow(
      /maxLength is .*; it must be a whole number, 1 or more/,
    )
  }
  for (const key of ['', 'a{b}']) expect(() => redisLog({ url, key })).toThrow(/key is .*without \{ and \}/)
  expect(() => redisLog({ url, client: createClient() })).toThrow('both url and client are given; give one')
  expect(() => redisLog({ url, timeout: 0 })).toThrow('timeout is 0')
  expect(() => redisLog({ url, timeout: '5 sec' as never })).toThrow("redisLog: timeout is '5 sec'; give")
  expect(() => redisLog({ url, timeout: true as never })).toThrow('redisLog: timeout is true; give')
  // @ts-expect-error it must be one of two words
  expect(() => redisLog({ url, whenAway: 'panic' })).toThrow(
    "whenAway is \"panic\"; it must be 'wait' or 'fail'",
  )
})

it('gives up waiting for something that is no Redis', async () => {
  const silent = createServer(() => {}).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  onTestFinished(() => void silent.close())
  const address = silent.address()
  const port = typeof address === 'object' ? address?.port : 0
  const log = redisLog({ url: `redis://127.0.0.1:${port}`, timeout: 200, onError: () => {} })
  onTestFinished(() => log.close())
  await expect(log.head()).rejects.toMatchObject({ code: 'timeout' })
})
