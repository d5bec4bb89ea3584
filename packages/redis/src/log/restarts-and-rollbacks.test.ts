import type { EventLog } from '@rxsse/server'
import { describe, expect, it } from 'vitest'
import { redisPath } from '../../test/redis.ts'
import { setUpAdmin, setUpLog, setUpRedis } from '../../test/set-up.ts'
import type { RedisLogOptions } from './redis-log-options.ts'

async function setUp() {
  const redis = await setUpRedis()
  const admin = await setUpAdmin(redis)
  const open = (options: RedisLogOptions = {}) => {
    const log = setUpLog({ url: redis.url, ...options })
    return log
  }
  /** Makes the log believe that another server process holds the data now. */
  const restart = () => admin.hSet('{rxsse}:metadata', 'run', 'another')
  const parts = ['metadata', 'events', 'sources', 'ids']
  const copyAll = async (from: string, to: string) => {
    const all = admin.multi()
    for (const part of parts) all.copy(`{rxsse}:${part}${from}`, `{rxsse}:${part}${to}`, { REPLACE: true })
    await all.exec()
  }
  return { admin, open, restart, backUp: () => copyAll('', ':backup'), restore: () => copyAll(':backup', '') }
}

const message = (data: string) => ({ data, topic: '' })

describe.skipIf(redisPath === undefined)('the terms of a log', () => {
  it('are kept for 64 restarts; after an older id follow a gap and all entries', async () => {
    const { admin, open, restart } = await setUp()
    const log = open()
    const ids: string[] = []
    for (let n = 1; n <= 70; n++) {
      ids.push((await log.append(message(`${n}`), 'all')).id)
      await restart()
    }
    await log.head()
    expect((await admin.hGet('{rxsse}:metadata', 'past'))?.match(/;/g)?.length).toBe(64)
    const all = ids.map((_, n) => `${n + 1}`)
    for (const [n, id] of ids.entries()) {
      const { entries, gap } = await log.since(id, { limit: 100 })
      const forgotten = n < 70 - 64
      expect([n, gap?.reason]).toEqual([n, forgotten ? 'epoch' : undefined])
      expect(entries.map((entry) => entry.message.data)).toEqual(forgotten ? all : all.slice(n + 1))
    }
  })

  it.each<[string, (log: EventLog) => Promise<(lost: string) => Promise<unknown>>]>([
    ['has read the head', async (log) => async () => log.head()],
    ['has read a page', async (log) => async () => log.since('x', { limit: 10 })],
    [
      'has a tail',
      async (log) => {
        const seen: string[] = []
        await log.tail?.((entries) => void seen.push(...entries.map(({ id }) => id)))
        return (lost) => expect.poll(() => seen).toContain(lost)
      },
    ],
  ])('end if Redis has lost an entry that is known to a node that %s', async (_, begin) => {
    const { open, backUp, restore } = await setUp()
    const [writer, knowing, fresh] = [open(), open(), open()]
    const learn = await begin(knowing)
    await writer.append(message('1'), 'all')
    await backUp()
    const lost = await writer.append(message('lost'), 'all')
    await learn(lost.id)
    await restore()
    // The server process is the same: only a node that knows more entries notices.
    await knowing.head()
    const next = await fresh.append(message('2'), 'all')
    expect(next.id).not.toBe(lost.id)
    const { entries, gap } = await fresh.since(lost.id, { limit: 10 })
    expect(gap?.reason).toBe('ahead')
    expect(entries.map((entry) => entry.message.data)).toEqual(['2'])
  })

  it('record a loss even if the first node to return does not know of it', async () => {
    const { open, backUp, restore, restart } = await setUp()
    const [writer, knowing, fresh] = [open(), open(), open()]
    const first = await writer.append(message('1'), 'all')
    await backUp()
    await writer.append(message('lost'), 'all')
    await knowing.head()
    await restore()
    await restart()
    await fresh.append(message('2'), 'all')
    expect((await fresh.since(first.id, { limit: 10 })).gap).toBeUndefined()
    await knowing.head()
    const { entries, gap } = await fresh.since(first.id, { limit: 10 })
    expect(gap?.reason).toBe('trimmed')
    expect(entries.map((entry) => entry.message.data)).toEqual(['2'])
  })

  it('do not count the known beginning of a term as a lost entry', async () => {
    const { open, backUp, restore, restart } = await setUp()
    const [writer, knowing, fresh] = [open(), open(), open()]
    const first = await writer.append(message('1'), 'all')
    await backUp()
    await restart()
    // It knows the beginning of a term without entries.
    await knowing.head()
    await restore()
    await restart()
    await knowing.head()
    await fresh.append(message('2'), 'all')
    const { entries, gap } = await fresh.since(first.id, { limit: 10 })
    expect(gap).toBeUndefined()
    expect(entries.map((entry) => entry.message.data)).toEqual(['2'])
  })
})
