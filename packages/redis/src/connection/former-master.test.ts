import { expect, it } from 'vitest'
import { startHoldingProxy } from '../../test/holding-proxy.ts'
import { redisPath } from '../../test/redis.ts'
import { setUpAdmin, setUpLog, setUpRedis } from '../../test/set-up.ts'
import { redisStore } from '../store/redis-store.ts'

const replicating = { config: ['--repl-diskless-sync-delay', '0'] }

it.skipIf(redisPath === undefined)(
  'an address that leads to another master now, while its former one lives on as a replica, is connected to again',
  async () => {
    const [first, second] = await Promise.all([setUpRedis(replicating), setUpRedis(replicating)])
    const [one, other] = await Promise.all([setUpAdmin(first), setUpAdmin(second)])
    const replicate = (admin: typeof one, port: number) =>
      admin.sendCommand(['REPLICAOF', '127.0.0.1', `${port}`])
    await replicate(other, first.port)
    await expect.poll(() => other.info('replication')).toContain('master_link_status:up')
    const proxy = await startHoldingProxy(first.port)
    const log = setUpLog({ url: proxy.url })
    const store = redisStore({ url: proxy.url, onError: () => {} })
    const { granted } = store.acquire()
    const seen: string[] = []
    await log.tail?.((entries, gap) => void seen.push(...(gap ? ['gap'] : []), ...entries.map(dataOf)))
    await log.append({ data: '1', topic: '' }, 'all')
    await granted
    await expect.poll(() => other.xLen('{rxsse}:events')).toBe(1)

    await other.sendCommand(['REPLICAOF', 'NO', 'ONE'])
    await replicate(one, second.port)
    proxy.redirect(second.port)
    await log.append({ data: '2', topic: '' }, 'all')
    await store.save({ number: 1, chunks: [] })
    expect(await store.load()).toMatchObject({ number: 1 })
    await expect.poll(() => seen).toEqual(['1', '2'])
    expect(await other.xLen('{rxsse}:events')).toBe(2)
    await store.close()
  },
)

function dataOf({ message }: { readonly message: { readonly data: string } }): string {
  return message.data
}
