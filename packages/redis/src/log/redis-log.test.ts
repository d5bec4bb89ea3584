import type { EventLog, LogEntry, LoggedMessage, Target } from '@rxsse/server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Redis, redisPath, startRedis } from '../../test/redis.ts'
import { setUpAdmin, setUpLog } from '../../test/set-up.ts'
import type { RedisLogOptions } from './redis-log-options.ts'

const message = (data: string, extra: Partial<LoggedMessage> = {}): LoggedMessage => ({
  data,
  topic: 'message',
  ...extra,
})

describe.skipIf(redisPath === undefined)('redisLog', () => {
  let redis: Redis
  let keys = 0

  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(() => redis.close())

  function opened(options: RedisLogOptions = {}): EventLog {
    return setUpLog({ url: redis.url, key: `test-${++keys}`, ...options })
  }

  it('numbers its entries from 1 in one epoch, with consecutive offsets', async () => {
    const log = opened()
    const { id: before, offset } = await log.head()
    const epoch = before.replace(/-0$/, '')
    expect(await log.append(message('a'), 'all')).toMatchObject({ id: `${epoch}-1`, offset: offset + 1 })
    expect(await log.append(message('b'), 'all')).toMatchObject({ id: `${epoch}-2`, offset: offset + 2 })
    expect(await log.head()).toEqual({ id: `${epoch}-2`, offset: offset + 2 })
  })

  it('returns messages and targets unchanged', async () => {
    const log = opened()
    const { id } = await log.head()
    const given: [LoggedMessage, Target][] = [
      [message('plain'), 'all'],
      [message('', { type: 't', retry: 0, topic: 'other', key: 'k' }), { room: 'é' }],
      [message('two\nlines\u0000\ud83d\ude00 \ud800'), { user: '42' }],
    ]
    for (const [each, target] of given) await log.append(each, target)
    const { entries } = await log.since(id, { limit: 10 })
    expect(entries.map((entry) => [entry.message, entry.target])).toEqual(
      given.map(([each, target]) => [expect.objectContaining(each), target]),
    )
  })

  it('keeps the order of concurrent calls', async () => {
    const log = opened()
    const { id } = await log.head()
    const numbers = Array.from({ length: 1_000 }, (_, n) => `${n}`)
    const entries = await Promise.all(numbers.map((n) => log.append(message(n), 'all')))
    expect(entries.map(({ id: each }) => Number(each.split('-')[1]))).toEqual(
      numbers.map((n) => Number(n) + 1),
    )
    const page = await log.since(id, { limit: 2_000 })
    expect(page.entries.map((entry) => entry.message.data)).toEqual(numbers)
  })

  it('returns pages', async () => {
    const log = opened()
    const { id, offset } = await log.head()
    for (let n = 1; n <= 5; n++) await log.append(message(`${n}`), 'all')
    const first = await log.since(id, { limit: 2 })
    expect(first).toMatchObject({ end: offset + 2, more: true })
    const second = await log.since(first.end, { limit: 3 })
    expect(second).toMatchObject({ end: offset + 5, more: false })
    expect(await log.since(second.end, { limit: 3 })).toMatchObject({
      entries: [],
      end: offset + 5,
      more: false,
    })
  })

  it('returns shorter pages if entries are large', async () => {
    const log = opened()
    const { id } = await log.head()
    for (let n = 0; n < 40; n++) await log.append(message('x'.repeat(100_000)), 'all')
    const { entries, more } = await log.since(id, { limit: 100 })
    expect(more).toBe(true)
    expect(entries.length).toBeGreaterThan(0)
    expect(entries.length).toBeLessThan(40)
  })

  it('appends a message once for each source id, from any node', async () => {
    const key = 'sources'
    const log = opened({ key, maxLength: 3 })
    const other = opened({ key, maxLength: 3 })
    const first = await log.append(message('a'), 'all', { sourceId: 's' })
    await log.append(message('b'), 'all', { sourceId: '' })
    const again = await other.append(message('another'), { room: 'r' }, { sourceId: 's' })
    expect(again).toMatchObject({ id: first.id, offset: first.offset, message: { data: 'a' }, target: 'all' })
    expect((await log.head()).offset).toBe(first.offset + 1)
    expect(await log.append(message('c'), 'all', { sourceId: '' })).toMatchObject({
      offset: first.offset + 1,
    })
  })

  it('forgets a source id with its entry', async () => {
    const log = opened({ maxLength: 2 })
    const first = await log.append(message('a'), 'all', { sourceId: 's' })
    await log.append(message('b'), 'all')
    await log.append(message('c'), 'all')
    expect(await log.append(message('a'), 'all', { sourceId: 's' })).toMatchObject({
      offset: first.offset + 3,
    })
  })

  it("uses the messages' own ids with ids: 'message'", async () => {
    const log = opened({ ids: 'message', maxLength: 2 })
    await log.append(message('a', { id: 'ą' }), 'all')
    expect(await log.append(message('b', { id: 'b' }), 'all')).toMatchObject({ id: 'b' })
    await log.append(message('c'), 'all')
    const { entries, gap } = await log.since('b', { limit: 5 })
    expect(gap).toBeUndefined()
    expect(entries.map(({ message: { data } }) => data)).toEqual(['c'])
    expect(await log.since(entries[0]?.id ?? '', { limit: 5 })).toMatchObject({ entries: [], gap: undefined })
    expect((await log.since('never', { limit: 5 })).gap).toMatchObject({ reason: 'unknown', from: 'never' })
    expect((await log.since('ą', { limit: 5 })).gap).toMatchObject({ reason: 'unknown', from: 'ą' })
  })

  it('reports a gap if it cannot continue after an id', async () => {
    const log = opened({ maxLength: 2 })
    const entries: LogEntry[] = []
    for (const data of ['a', 'b', 'c', 'd']) entries.push(await log.append(message(data), 'all'))
    const [a, b, c, d] = entries
    const epoch = a?.id.split('-')[0]
    const oldest = { id: b?.id, offset: b?.offset }
    expect(await log.since(`${epoch}-0`, { limit: 5 })).toMatchObject({
      entries: [{ id: c?.id }, { id: d?.id }],
      gap: { reason: 'trimmed', from: `${epoch}-0`, to: oldest, missed: 2 },
    })
    expect((await log.since(a?.offset ?? 0, { limit: 5 })).gap).toMatchObject({
      reason: 'trimmed',
      missed: 1,
    })
    expect((await log.since(b?.id ?? '', { limit: 5 })).gap).toBeUndefined()
    expect(await log.since('another1-3', { limit: 5 })).toMatchObject({
      entries: [{ id: c?.id }, { id: d?.id }],
      gap: { reason: 'epoch', from: 'another1-3', to: oldest },
    })
    expect(await log.since(`${epoch}-9`, { limit: 5 })).toMatchObject({
      entries: [],
      end: d?.offset,
      gap: { reason: 'ahead', to: { id: d?.id } },
    })
    for (const id of [
      '',
      'x',
      `${epoch}-`,
      `${epoch}-01`,
      `${epoch}-1e3`,
      `${epoch}--1`,
      `${epoch}-${'9'.repeat(400)}`,
      '\ud800',
    ]) {
      expect(await log.since(id, { limit: 5 })).toMatchObject({
        entries: [],
        gap: { reason: 'unknown', from: id },
      })
    }
  })

  it('tails from its position: delivers all later entries of every node, and no earlier ones', async () => {
    const key = 'tailed'
    const [one, two] = [opened({ key }), opened({ key })]
    await one.append(message('before'), 'all')
    const seen: LogEntry[][] = [[], []]
    const tails = await Promise.all(
      [one, two].map((log, n) => log.tail?.((entries) => seen[n]?.push(...entries))),
    )
    expect(tails.map((tail) => tail?.position)).toEqual([await one.head(), await two.head()])
    for (let n = 0; n < 50; n++) {
      await Promise.all([
        one.append(message(`one ${n}`), 'all'),
        two.append(message(`two ${n}`), { user: 'u' }),
      ])
    }
    await expect.poll(() => seen.every((entries) => entries.length === 100)).toBe(true)
    expect(seen[0]).toEqual(seen[1])
    expect(seen[0]).toEqual((await one.since(tails[0]?.position.offset ?? 0, { limit: 200 })).entries)
    tails[0]?.stop()
    await two.append(message('later'), 'all')
    await expect.poll(() => seen[1]?.length).toBe(101)
    expect(seen[0]?.length).toBe(100)
  })

  it('keeps exactly maxLength entries, and only the keys it needs', async () => {
    const log = opened({ key: 'bounded', maxLength: 10 })
    for (let n = 0; n < 100; n++) await log.append(message('x', { id: `${n}` }), 'all', { sourceId: `${n}` })
    const admin = await setUpAdmin(redis)
    expect(await admin.xLen('{bounded}:events')).toBe(10)
    expect(await admin.zCard('{bounded}:sources')).toBe(10)
    expect((await admin.keys('{bounded}:*')).length).toBe(4)
  })

  it('rejects pending calls at close, and all later calls', async () => {
    const log = opened()
    const waiting = log.append(message('a'), 'all')
    log.close()
    await expect(waiting).rejects.toMatchObject({ code: 'closed' })
    await expect(log.append(message('b'), 'all')).rejects.toMatchObject({
      code: 'closed',
      mayBeAppended: false,
    })
    await expect(log.since('x', { limit: 1 })).rejects.toMatchObject({ code: 'closed' })
    await expect(log.tail?.(() => {})).rejects.toMatchObject({ code: 'closed' })
    log.close()
  })
})
