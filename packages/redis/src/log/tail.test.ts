import { fromLog, type LogEntry, type LogGap } from '@rxsse/server'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createPatchedClient } from '../../test/patched-client.ts'
import { redisPath } from '../../test/redis.ts'
import { setUpAdmin, setUpLog, setUpRedis } from '../../test/set-up.ts'
import type { RedisLogOptions } from './redis-log-options.ts'

async function setUp(options: RedisLogOptions = {}) {
  const redis = await setUpRedis()
  const admin = await setUpAdmin(redis)
  const errors: unknown[] = []
  const open = (more: RedisLogOptions = {}) => {
    return setUpLog({
      ...(more.client === undefined && { url: redis.url }),
      timeout: '60s',
      onError: (error) => errors.push(error),
      ...options,
      ...more,
    })
  }
  return { redis, admin, errors, open }
}

const message = (data: string) => ({ data, topic: '' })
const dataOf = (entries: readonly LogEntry[]) => entries.map((entry) => entry.message.data)

describe.skipIf(redisPath === undefined)('the tail of a redisLog', () => {
  it('continues after its listener throws, and reports the error', async () => {
    const { errors, open } = await setUp()
    const log = open()
    const seen: string[] = []
    await log.tail?.((entries) => {
      seen.push(...dataOf(entries))
      throw new Error(`at ${seen.at(-1)}`)
    })
    // One after the other, or the tail may deliver both at once.
    for (const data of ['1', '2']) {
      await log.append(message(data), 'all')
      await expect.poll(() => seen).toContain(data)
    }
    expect(errors.map(String)).toEqual(['Error: at 1', 'Error: at 2'])
  })

  it.each(['there', 'away'])('ends with an error when the log is closed while Redis is %s', async (where) => {
    const { redis, open } = await setUp()
    const log = open()
    await log.head()
    const [following, joining, left]: unknown[][] = [[], [], []]
    const follow = (ended: unknown[] | undefined) => fromLog(log).subscribe({ error: (e) => ended?.push(e) })
    const subscription = follow(left)
    follow(following)
    await log.append(message('1'), 'all')
    if (where === 'away') await redis.stop()
    follow(joining)
    subscription.unsubscribe()
    await log.close()
    const closed = [expect.objectContaining({ code: 'closed' })]
    await expect.poll(() => [following, joining, left]).toEqual([closed, closed, []])
    await expect(async () => log.tail?.(() => {})).rejects.toMatchObject({ code: 'closed' })
  })

  it.each<[string, (error: unknown) => void]>([
    [
      'throw',
      (error) => {
        throw error
      },
    ],
    ['return promises that reject', (error) => Promise.reject(error)],
  ])('continues even if onError and the listener %s', async (_, fail) => {
    const { open } = await setUp({ onError: fail })
    const said = vi.spyOn(console, 'error').mockImplementation(() => {})
    onTestFinished(() => said.mockRestore())
    const log = open()
    const seen: string[] = []
    await log.tail?.((entries) => {
      seen.push(...dataOf(entries))
      return fail(new Error('of a listener'))
    })
    // One after the other, or the tail may deliver both at once.
    for (const data of ['1', '2']) {
      await log.append(message(data), 'all')
      await expect.poll(() => seen).toContain(data)
    }
    await expect.poll(() => said.mock.calls.map(String)).toEqual(Array(2).fill('Error: of a listener'))
  })

  it('skips foreign entries of the stream and reports each once, as reads skip them', async () => {
    const { admin, errors, open } = await setUp()
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
    await expect.poll(() => errors.length).toBeGreaterThanOrEqual(3)
    await log.append(message('3'), 'all')
    await expect.poll(() => seen.length).toBeGreaterThanOrEqual(3)
    expect(seen).toEqual(['1', '2', '3'])
    expect(gaps).toEqual([])
    expect(errors.map(String)).toEqual(
      strange.map(
        (id) =>
          `RedisError: {rxsse}:events contains ${id}, which is not an entry of this log; it is left out`,
      ),
    )
    for (const limit of [1, 10]) {
      const read: string[] = []
      for (let from = position?.offset ?? 0; ; ) {
        const { entries, end, more } = await log.since(from, { limit })
        read.push(...dataOf(entries))
        from = end
        if (!more) break
      }
      expect(read).toEqual(['1', '2', '3'])
    }
  })

  it('reports a gap for entries missing in the middle, and delivers nothing after stop', async () => {
    const { admin, open } = await setUp()
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
    // In one transaction, so that a tail reads them together.
    const { id, offset } = await log.head()
    const epoch = id.replace(/-0$/, '')
    const adding = admin.multi()
    for (const n of [1, 2, 4, 5]) {
      const body = JSON.stringify({ message: message(`${n}`), target: 'all' })
      adding.xAdd('{rxsse}:events', `${offset + n}-0`, { i: `${epoch}-${n}`, m: body })
    }
    await adding.hSet('{rxsse}:metadata', { last: `${offset + 5}`, used: '1' }).exec()
    await expect.poll(() => second.told.length).toBe(5)
    const to = { id: `${epoch}-3`, offset: offset + 3 }
    const gap = { reason: 'trimmed', from: `${epoch}-2`, to, missed: 1 }
    expect(second.told).toEqual(['1', '2', gap, '4', '5'])
    expect(first.told).toEqual(['1', '2'])
  })

  it('verifies its position before it reads, after a connection was lost', async () => {
    const { admin, open } = await setUp()
    const log = open()
    await log.tail?.(() => {})
    const tails = async () => (await admin.clientList()).filter(({ cmd }) => cmd === 'xread')
    await expect.poll(async () => (await tails()).length).toBe(1)
    const commands: string[] = []
    const monitor = admin.duplicate()
    onTestFinished(() => monitor.destroy())
    await monitor.connect()
    await monitor.monitor((line) => commands.push(line.toString()))
    const [lost] = await tails()
    await admin.clientKill({ filter: 'ID', id: lost?.id ?? 0 })
    await expect.poll(() => commands).toContainEqual(expect.stringContaining('"XREAD"'))
    const read = commands.findIndex((line) => line.includes('"XREAD"'))
    const [, address] = /\[\d+ ([^\]]+)\]/.exec(commands[read] ?? '') ?? []
    const earlier = commands.slice(0, read).filter((line) => line.includes(`${address}]`))
    expect(earlier).toContainEqual(expect.stringContaining('"EVALSHA"'))
  })

  it('tries again if its check is interrupted, and delivers everything once', async () => {
    const { redis, admin, open } = await setUp()
    const failing = { id: 0, offset: 0 }
    const client = createPatchedClient(redis.url, (own) => {
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
    await expect.poll(() => told.length).toBe(1)
    await admin.copy('{rxsse}:metadata', 'metadata')
    await admin.copy('{rxsse}:events', 'events')
    // The tail asks for the gap before it delivers an entry of another term.
    failing.id = 1
    await admin.hSet('{rxsse}:metadata', restarted)
    await log.append(message('2'), 'all')
    await expect.poll(() => told.length).toBe(2)
    expect(failing.id).toBe(0)
    // The log no longer knows that term, and ends before the tail's position.
    failing.offset = 2
    const restored = admin.multi()
    for (const part of ['metadata', 'events']) restored.copy(part, `{rxsse}:${part}`, { REPLACE: true })
    await restored.hSet('{rxsse}:metadata', restarted).exec()
    await expect.poll(() => told.length).toBe(3)
    expect(failing.offset).toBe(0)
    await log.append(message('3'), 'all')
    await expect.poll(() => told.length).toBe(4)
    expect(told).toEqual(['1', '2', 'gap epoch', '3'])
  })

  it('starts when Redis permits it, and reports why it cannot before', async () => {
    const { admin, errors, open } = await setUp()
    await admin.set('{rxsse}:metadata', 'something else')
    const log = open()
    const seen: string[] = []
    const tail = log.tail?.((entries) => void seen.push(...dataOf(entries)))
    await expect.poll(() => errors.length).toBeGreaterThan(0)
    expect(String(errors[0])).toContain('WRONGTYPE')
    await admin.del('{rxsse}:metadata')
    await tail
    await log.append(message('1'), 'all')
    await expect.poll(() => seen.length).toBe(1)
  })
})
