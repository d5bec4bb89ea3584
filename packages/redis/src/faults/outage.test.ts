import { once } from 'node:events'
import { createServer } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { VirtualClock } from '@rxsse/testing/virtual-time'
import { createClient } from 'redis'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openClient, openNode } from '../../test/local-node.ts'
import { redisPath } from '../../test/redis.ts'
import { advanceUntil, setUpAdmin, setUpLog, setUpRedis } from '../../test/set-up.ts'
import { redisLog } from '../log/redis-log.ts'

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => `${from + n}`)

describe.skipIf(redisPath === undefined)('while Redis is away', () => {
  it.each(['SIGTERM', 'SIGKILL'] as const)(
    'clients stay connected over its restart (%s), publishing waits, and every event arrives once',
    async (signal) => {
      const redis = await setUpRedis({ durable: true })
      const [one, two] = await Promise.all([openNode({ url: redis.url }), openNode({ url: redis.url })])
      const clients = await Promise.all([openClient(one.url), openClient(two.url)])
      for (const n of numbers(1, 20)) one.sink.next({ data: n })
      await expect.poll(() => clients.every(({ events }) => events.length === 20)).toBe(true)
      await redis.stop(signal)
      const published = numbers(21, 30).map((n) => one.sink.publish({ data: n }))
      const elsewhere = two.sink.publish({ data: 'x' })
      await redis.start()
      await Promise.all([...published, elsewhere])
      for (const n of numbers(31, 40)) await two.sink.publish({ data: n })
      await expect.poll(() => clients.every(({ events }) => events.length >= 41)).toBe(true)
      for (const { events, connections, data } of clients) {
        expect(connections).toBe(1)
        expect(events.some(({ type }) => type === 'gap')).toBe(false)
        expect(data().filter((each) => each !== 'x')).toEqual(numbers(1, 40))
      }
      // An id from before the restart still works.
      const late = await openClient(two.url, { lastEventId: clients[0]?.events[9]?.lastEventId ?? '' })
      await expect.poll(() => late.events.length).toBeGreaterThanOrEqual(31)
      expect(late.events).toEqual(clients[0]?.events.slice(10))
    },
  )

  it("publishing fails at once with whenAway: 'fail', with the code 'unavailable' and the cause", async () => {
    const redis = await setUpRedis()
    const log = setUpLog({ url: redis.url, whenAway: 'fail' })
    await log.append({ data: 'a', topic: '' }, 'all')
    await redis.stop()
    // The first call may still be sent on the connection that is being lost.
    await expect(log.append({ data: 'b', topic: '' }, 'all')).rejects.toMatchObject({ code: 'unavailable' })
    await expect(log.append({ data: 'c', topic: '' }, 'all')).rejects.toMatchObject({
      name: 'RedisError',
      code: 'unavailable',
      mayBeAppended: false,
      cause: expect.any(Error),
    })
    await expect(log.since('x', { limit: 1 })).rejects.toMatchObject({ code: 'unavailable' })
    await redis.start()
    let id = ''
    while (id === '') {
      await new Promise((resolve) => setTimeout(resolve, 5))
      id = await Promise.resolve(log.append({ data: 'd', topic: '' }, 'all')).then(
        (entry) => entry.id,
        () => '',
      )
    }
    expect((await log.since(id, { limit: 1 })).gap).toBeUndefined()
  })

  it('a call fails at its timeout, and its error says whether the message may be in the log', async () => {
    const redis = await setUpRedis()
    const clock = new VirtualClock()
    const log = setUpLog({ url: redis.url, timeout: '1m', scheduler: clock })
    const { id } = await advanceUntil(clock, log.head())
    redis.pause()
    const sent = log.append({ data: 'a', topic: '' }, 'all', { sourceId: 'a' })
    await nextTurn()
    const unsent = log.append({ data: 'b', topic: '' }, 'all')
    const head = log.head()
    clock.advanceBy(60_000)
    await expect(sent).rejects.toMatchObject({ code: 'timeout', mayBeAppended: true })
    await expect(unsent).rejects.toMatchObject({ code: 'timeout', mayBeAppended: false })
    await expect(head).rejects.toMatchObject({ code: 'timeout' })
    redis.resume()
    await log.append({ data: 'a', topic: '' }, 'all', { sourceId: 'a' })
    await log.append({ data: 'c', topic: '' }, 'all')
    const { entries } = await log.since(id, { limit: 10 })
    expect(entries.map(({ message }) => message.data)).toEqual(['a', 'c'])
  })

  it('clients stay connected while it is paused, and get every event when it continues', async () => {
    const redis = await setUpRedis()
    const node = await openNode({ url: redis.url })
    const client = await openClient(node.url)
    await node.sink.publish({ data: '1' })
    redis.pause()
    const waiting = numbers(2, 10).map((n) => node.sink.publish({ data: n }))
    await new Promise((resolve) => setTimeout(resolve, 300))
    redis.resume()
    await Promise.all(waiting)
    await expect.poll(() => client.events.length).toBeGreaterThanOrEqual(10)
    expect(client.data()).toEqual(numbers(1, 10))
    expect(client.connections).toBe(1)
  })

  it('a node can start, and serves clients when Redis is back', async () => {
    const redis = await setUpRedis({ durable: true })
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
    await expect.poll(() => resuming.data().length).toBeGreaterThanOrEqual(2)
    expect(resuming.data()).toEqual(['2', '3'])
    await node.sink.publish({ data: '4' })
    await expect.poll(() => fresh.data().includes('4') && resuming.data().includes('4')).toBe(true)
    expect(fresh.connections).toBe(1)
    expect(resuming.data()).toEqual(['2', '3', '4'])
  })

  it('onError is called once, until Redis is back', async () => {
    const redis = await setUpRedis()
    const errors: unknown[] = []
    const log = setUpLog({ url: redis.url, onError: (error) => errors.push(error) })
    await log.head()
    await redis.stop()
    await expect.poll(() => errors.length).toBeGreaterThan(0)
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(errors.length).toBe(1)
    await redis.start()
    await log.head()
    await redis.stop()
    await expect.poll(() => errors.length).toBeGreaterThan(1)
  })
})

describe.skipIf(redisPath === undefined)('a command that Redis refuses', () => {
  it('fails at once, with the answer of Redis as the cause', async () => {
    const redis = await setUpRedis()
    const client = await setUpAdmin(redis)
    await client.set('{rxsse}:metadata', 'something else')
    const log = setUpLog({ client })
    await expect(log.append({ data: '', topic: '' }, 'all')).rejects.toMatchObject({
      code: 'refused',
      mayBeAppended: false,
      cause: expect.objectContaining({ message: expect.stringContaining('WRONGTYPE') }),
    })
    await expect(log.head()).rejects.toMatchObject({ code: 'refused' })
    await client.del('{rxsse}:metadata')
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

  it('fails with an error that does not show the password', async () => {
    const redis = await setUpRedis({ config: ['--requirepass', 'rightsecret'] })
    const errors: unknown[] = []
    const url = redis.url.replace('redis://', 'redis://:wrongsecret@')
    const log = setUpLog({ url, timeout: 500, onError: (error) => errors.push(error) })
    await Promise.resolve(log.append({ data: '', topic: '' }, 'all')).catch((error) => errors.push(error))
    await Promise.resolve(log.head()).catch((error) => errors.push(error))
    const { inspect } = await import('node:util')
    expect(errors.length).toBeGreaterThanOrEqual(3)
    for (const error of errors) expect(inspect(error, { depth: 10 })).not.toContain('secret')
    expect(inspect(errors)).toContain('WRONGPASS')
  })
})

it.each(['', 'localhost', 'http://u:secret@host', 'redis://u:secret@host:port', 'redis://u:secret@host/x'])(
  'throws if the url is wrong, %j, without showing it',
  (url) => {
    expect(() => redisLog({ url })).toThrow(/^redisLog: url must be like .* \(the value is not shown/)
  },
)

it('throws a TypeError that names a wrong option', () => {
  const url = 'redis://127.0.0.1:1'
  const expectError = (options: object, message: string | RegExp) => {
    expect(() => redisLog(options)).toThrow(TypeError)
    expect(() => redisLog(options)).toThrow(message)
  }
  expectError({}, /^redisLog: url must be like redis:.*, not undefined$/)
  for (const maxLength of [0, -1, 1.5, Number.NaN]) {
    expectError(
      { url, maxLength },
      'redisLog: maxLength must be a whole number of at least 1, not the number',
    )
  }
  for (const key of ['', 'a{b}']) expectError({ url, key }, 'redisLog: key must be text without { and }')
  expectError({ url, client: createClient() }, 'redisLog: url and client are both given')
  expectError({ url, timeout: 0 }, 'redisLog: timeout must be a duration longer than zero')
  expectError({ url, timeout: '5 sec' }, /^redisLog: timeout must be a duration .*, not the string "5 sec"$/)
  expectError({ url, timeout: true }, /^redisLog: timeout must be a duration .*, not the boolean true$/)
  expectError({ url, timeout: '30d' }, /^redisLog: timeout must be a duration .*at most 2147483647 ms/)
  expectError({ url, ids: 'mine' }, "redisLog: ids must be 'epoch' or 'message'")
  expectError({ url, whenAway: 'panic' }, /whenAway must be 'wait' or 'fail', not the string "panic"$/)
})

it('a call to a server that is not Redis times out', async () => {
  const silent = createServer(() => {}).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  onTestFinished(() => void silent.close())
  const address = silent.address()
  const port = typeof address === 'object' ? address?.port : 0
  const log = setUpLog({ url: `redis://127.0.0.1:${port}`, timeout: 200 })
  await expect(log.head()).rejects.toMatchObject({ code: 'timeout' })
})
