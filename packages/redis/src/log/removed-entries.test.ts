import { describe, expect, it } from 'vitest'
import { redisPath } from '../../test/redis.ts'
import { setUpAdmin, setUpLog, setUpRedis } from '../../test/set-up.ts'

type Admin = Awaited<ReturnType<typeof setUpAdmin>>

const EVENTS = '{rxsse}:events'

describe.skipIf(redisPath === undefined)(
  'a page after entries that something other than a log has removed',
  () => {
    it.each<[string, (admin: Admin, streamId: (n: number) => string) => Promise<unknown>, number, string[]]>([
      ['the oldest', (admin) => admin.xTrim(EVENTS, 'MAXLEN', 4), 4, ['7', '8', '9', '10']],
      ['one of them', (admin, streamId) => admin.xDel(EVENTS, streamId(3)), 1, '4 5 6 7 8 9 10'.split(' ')],
      [
        'several of them',
        (admin, streamId) => admin.xDel(EVENTS, [3, 4, 5].map(streamId)),
        3,
        ['6', '7', '8', '9', '10'],
      ],
      ['all', (admin) => admin.xTrim(EVENTS, 'MAXLEN', 0), 8, []],
    ])('begins with a gap if it is %s', async (_, remove, missed, left) => {
      const redis = await setUpRedis()
      const log = setUpLog({ url: redis.url })
      const entries = await Promise.all(
        Array.from({ length: 10 }, (_, n) => log.append({ data: `${n + 1}`, topic: '' }, 'all')),
      )
      const at = (n: number) => entries[n - 1] ?? { id: '', offset: 0 }
      await remove(await setUpAdmin(redis), (n) => `${at(n).offset}-0`)

      const page = await log.since(at(2).id, { limit: 100 })
      const to = 2 + missed
      expect(page.gap).toEqual({
        reason: 'trimmed',
        missed,
        from: at(2).id,
        to: { id: at(to).id, offset: at(to).offset },
      })
      expect(page.entries.map(({ message }) => message.data)).toEqual(left)
      // A client that has seen them misses nothing.
      const later = await log.since(at(to).id, { limit: 100 })
      expect([later.gap, later.entries.length]).toEqual([undefined, left.length])
      const next = await log.append({ data: 'next', topic: '' }, 'all')
      expect((await log.since(at(10).id, { limit: 100 })).entries).toEqual([next])
    })

    it('ends before them if they lie within it', async () => {
      const redis = await setUpRedis()
      const log = setUpLog({ url: redis.url })
      const entries = await Promise.all(
        Array.from({ length: 10 }, (_, n) => log.append({ data: `${n + 1}`, topic: '' }, 'all')),
      )
      const [first, , third] = entries
      await (await setUpAdmin(redis)).xDel(EVENTS, `${third?.offset}-0`)
      const page = await log.since(first?.id ?? '', { limit: 100 })
      expect(page.entries.map(({ message }) => message.data)).toEqual(['2'])
      expect(page).toMatchObject({ more: true, gap: undefined })
      expect((await log.since(page.end, { limit: 100 })).gap).toMatchObject({ reason: 'trimmed', missed: 1 })
    })
  },
)
