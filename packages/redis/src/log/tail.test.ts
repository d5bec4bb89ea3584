import type { LogEntry, LogGap } from '@rxsse/server'
import { createClient } from 'redis'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { alteredClient } from '../test/altered-client.ts'
import { eventually } from '../test/eventually.ts'
import { redisPath, startRedis } from '../test/redis.ts'
import { redisLog } from './redis-log.ts'
import type { RedisLogOptions } from './redis-log-options.ts'

async function started(options: RedisLogOptions = {}) {
  const redis = await startRedis()
  onTestFinished(() => redis.close())
  const admin = createClient({ url: redis.url })
  admin.on('error', () => {})
  onTestFinished(() => admin.destroy())
  await admin.connect()
  const errors: unknown[] = []
  const open = (more: RedisLogOptions = {}) => {
    const log = redisLog({
      ...(more.client === undefined && { url: redis.url }),
      timeout: '60s',
      onError: (error) => errors.push(error),
      ...options,
      ...more,
    })
    onTestFinished(() => log.close())
    return log
  }
  return { redis, admin, errors, open }
}

const message = (data: string) => ({ data, topic: '' })
const dataOf = (entries: readonly LogEntry[]) => entries.map((entry) => entry.message.data)

describe.skipIf(redisPath === undefined)('the tail of a redisLog', () => {
  it('goes on where its listener throws, and tells of it', async () => {
    const { errors, open } = await started()
    const log = open()
    const seen: string[] = []
    await log.tail?.((entries) => {
      seen.push(...dataOf(entries))
      throw new Error(`at ${seen.at(-1)}`)
    })
    for (const data of ['1', '2']) await log.append(message(data), 'all')
    await eventually(() => seen.length === 2)
    expect(errors.map(String)).toEqual(['Error: at 1', 'Error: at 2'])
  })

  it('goes on although what is told of that throws, too', async () => {
    const { open } = await started({
      onError(error) {
        throw error
      },
    })
    const said = vi.spyOn(console, 'error').mockImplementation(() => {})
    onTestFinished(() => said.mockRestore())
    const log = open()
    const seen: string[] = []
    await log.tail?.((entries) => {
      seen.push(...dataOf(entries))
      throw new Error('of a listener')
    })
    for (const data of ['1', '2']) await log.append(message(data), 'all')
    await eventually(() => seen.length === 2)
    expect(said.mock.calls.map(String)).toEqual(['Error: of a listener', 'Error: of a listener'])
  })

  it('leaves out, once, what somebody else has put into the stream, as readers do', async () => {
    const { admin, errors, open } = await started()
    const log = open()
    const seen: string[] = []
    const gaps: LogGap[] = []
    const { position } = (await log.tail?.((entries, gap) => {
      seen.push(...dataOf(entries))
      if (gap !== undefined) gaps.push(gap)
    })) ?? { position: undefined }
    await log.append(message('1'), 'all')
    const strange = [await admin.xAdd('{rxsse}:events', '*', { hello: 'there' })]
    strange.push(await admin.xAdd('{rxsse}:events', '*', { i: 'x', n: 'y' }))
    await log.append(message('2'), 'all')
    strange.push(await admin.xAdd('{rxsse}:events', '*', { m: '{}' }))
    await eventually(() => errors.length >= 3)
    await log.append(message('3'), 'all')
    await eventually(() => seen.length >= 3)
    expect(seen).toEqual(['1', '2', '3'])
    expect(gaps).toEqual([])
    expect(errors.map(String)).toEqual(
      strange.map((id) => `RedisError: {rxsse}:events holds ${id}, which is not of this log; it is left out`),
    )
    for (const limit of [1, 10]) {
      const read: string[] = []
      for (let from = position?.offset ?? 0; ; ) {
        const { entries, end, more } = await log.since(from, limit)
        read.push(...dataOf(entries))
        from = end
        if (!more) break
      }
      expect(read).toEqual(['1', '2', '3'])
    }
  })

  it('tells of entries that were taken out of the middle, and delivers nothing after it was stopped', async () => {
    const { admin, open } = await started()
    const log = open()
    const [first, second] = ['first', 'second'].map((name) => ({ name, told: [] as (string | LogGap)[] }))
    if (first === undefined || second === undefined) return
    const stopping = await log.tail?.((entries, gap) => {
      if (gap !== undefined) first.told.push(gap)
      first.told.push(...dataOf(entries))
      stopping?.stop()
    })
    await log.tail?.((entries, gap) => {
      if (gap !== undefined) second.told.push(gap)
      second.told.push(...dataOf(entries))
    })
    // In one transaction, so that a tail reads them at once.
    const { id, offset } = await log.head()
    const epoch = id.replace(/-0$/, '')
    const adding = admin.multi()
    for (const n of [1, 2, 4, 5]) {
      const body = JSON.stringify({ message: message(`${n}`), target: 'all' })
      adding.xAdd('{rxsse}:events', `${offset + n}-0`, { i: `${epoch}-${n}`, m: body })
    }
    await adding.hSet('{rxsse}:life', { last: `${offset + 5}`, used: '1' }).exec()
    await eventually(() => second.told.length === 5)
    const to = { id: `${epoch}-3`, offset: offset + 3 }
    const gap = { reason: 'trimmed', from: `${epoch}-2`, to, missed: 1 }
    expect(second.told).toEqual(['1', '2', gap, '4', '5'])
    expect(first.told).toEqual(['1', '2'])
  })

  it('looks where it stands before it reads on, after a connection was lost', async () => {
    const { admin, open } = await started()
    const log = open()
    await log.tail?.(() => {})
    const tails = async () => (await admin.clientList()).filter(({ cmd }) => cmd === 'xread')
    while ((await tails()).length !== 1) await eventually(() => true)
    const commands: string[] = []
    const monitor = admin.duplicate()
    onTestFinished(() => monitor.destroy())
    await monitor.connect()
    // By their connection, as the log itself and the tail each have one.
    await monitor.monitor((line) => commands.push(line.toString()))
    const [lost] = await tails()
    await admin.clientKill({ filter: 'ID', id: lost?.id ?? 0 })
    let of = (_: string): string[] => []
    await eventually(() => {
      const reading = commands.find((line) => line.includes('"XREAD"'))
      const address = /\[\d+ ([^\]]+)\]/.exec(reading ?? '')?.[1]
      of = (name) => commands.filter((line) => line.includes(`${address}]`) && line.includes(`"${name}"`))
      return reading !== undefined && of('XREAD').length > 0
    })
    const [look] = of('EVALSHA')
    const [reading] = of('XREAD')
    expect(look).toBeDefined()
    expect(commands.indexOf(look ?? '')).toBeLessThan(commands.indexOf(reading ?? ''))
  })

  it('tries again where what it asks is cut off, and tells of everything once', async () => {
    const { redis, admin, open } = await started()
    const failing = { id: 0, offset: 0 }
    const client = alteredClient(redis.url, (own) => {
      const evalSha = own.evalSha.bind(own)
      own.evalSha = (sha, args) => {
        const kind = args.arguments[2]
        if ((kind !== 'id' && kind !== 'offset') || failing[kind] === 0) return evalSha(sha, args)
        failing[kind]--
        return Promise.reject(new Error('cut'))
      }
    })
    const log = open({ client })
    const told: string[] = []
    await log.tail?.((entries, gap) => {
      if (gap !== undefined) told.push(`gap ${gap.reason}`)
      told.push(...dataOf(entries))
    })
    const restarted = { run: 'another' }
    await log.append(message('1'), 'all')
    await eventually(() => told.length === 1)
    await admin.copy('{rxsse}:life', 'life')
    await admin.copy('{rxsse}:events', 'events')
    // Another term: what comes of it is looked up before it is told.
    failing.id = 1
    await admin.hSet('{rxsse}:life', restarted)
    await log.append(message('2'), 'all')
    await eventually(() => told.length === 2)
    expect(failing.id).toBe(0)
    // Nothing is known of that term any more, and what is held lies before what was told.
    failing.offset = 2
    const restored = admin.multi()
    for (const part of ['life', 'events']) restored.copy(part, `{rxsse}:${part}`, { REPLACE: true })
    await restored.hSet('{rxsse}:life', restarted).exec()
    await eventually(() => told.length === 3)
    expect(failing.offset).toBe(0)
    await log.append(message('3'), 'all')
    await eventually(() => told.length === 4)
    expect(told).toEqual(['1', '2', 'gap epoch', '3'])
  })

  it('begins when Redis lets it, and tells why it does not', async () => {
    const { admin, errors, open } = await started()
    await admin.set('{rxsse}:life', 'something else')
    const log = open()
    const seen: string[] = []
    const tail = log.tail?.((entries) => void seen.push(...dataOf(entries)))
    await eventually(() => errors.length > 0)
    expect(String(errors[0])).toContain('WRONGTYPE')
    await admin.del('{rxsse}:life')
    await tail
    await log.append(message('1'), 'all')
    await eventually(() => seen.length === 1)
  })
})
