import { describe, expect, it } from 'vitest'
import { startHoldingProxy } from '../../test/holding-proxy.ts'
import { redisPath } from '../../test/redis.ts'
import { setUpAdmin, setUpLog, setUpPresence, setUpRedis } from '../../test/set-up.ts'

describe.skipIf(redisPath === undefined)('requests delayed in the buffers of a lost connection', () => {
  it('do not append a second copy of messages that were sent again, even after later messages', async () => {
    const redis = await setUpRedis()
    const proxy = await startHoldingProxy(redis.port)
    const log = setUpLog({ url: proxy.url })
    const append = (data: string) => log.append({ data, topic: '' }, 'all')
    const { id } = await log.head()
    await append('1')
    proxy.hold()
    const second = append('2')
    await proxy.cut()
    await second
    await append('3')
    await proxy.release()
    const { entries } = await log.since(id, { limit: 10 })
    expect(entries.map(({ message }) => message.data)).toEqual(['1', '2', '3'])
  })

  it('do not replace later reports of a node', async () => {
    const redis = await setUpRedis()
    const proxy = await startHoldingProxy(redis.port)
    // So long that no heartbeat comes.
    const presence = setUpPresence({ url: proxy.url, ttl: '1d', timeout: '60s' })
    const open = () => presence.next({ type: 'opened', user: undefined, rooms: [] })
    open()
    await expect.poll(() => presence.count()).toBe(1)
    proxy.hold()
    open()
    await proxy.cut()
    open()
    await expect.poll(() => presence.count()).toBe(3)
    await proxy.release()
    expect(await presence.count()).toBe(3)
  })

  it('are recognized for an hour', async () => {
    const redis = await setUpRedis()
    const log = setUpLog({ url: redis.url, key: 'memo' })
    await log.append({ data: '', topic: '' }, 'all')
    const admin = await setUpAdmin(redis)
    const [memo = ''] = await admin.keys('{memo}:writer:*')
    const left = await admin.pTTL(memo)
    expect(left).toBeGreaterThan(3_000_000)
    expect(left).toBeLessThanOrEqual(3_600_000)
  })
})
