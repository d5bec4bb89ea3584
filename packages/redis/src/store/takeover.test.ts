import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createFaultProxy } from '@rxsse/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { CHILD_ENV } from '../../test/child-env.ts'
import { startHoldingProxy } from '../../test/holding-proxy.ts'
import type { JobReport } from '../../test/programs/job-node.ts'
import { type Redis, redisPath } from '../../test/redis.ts'
import { setUpAdmin, setUpLog, setUpRedis } from '../../test/set-up.ts'
import { type RedisStore, type RedisStoreOptions, redisStore } from './redis-store.ts'

const program = fileURLToPath(new URL('../../test/programs/job-node.ts', import.meta.url))

interface JobNode {
  readonly process: ChildProcess
  readonly reports: JobReport[]
  has(is: JobReport['is']): Promise<void>
}

function startNode(url: string): JobNode {
  const child = fork(program, [url, 'rxsse', '1000'], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
    env: CHILD_ENV,
  })
  const reports: JobReport[] = []
  child.on('message', (report: JobReport) => void reports.push(report))
  onTestFinished(async () => {
    child.kill('SIGKILL')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  })
  return {
    process: child,
    reports,
    has: (is) => expect.poll(() => reports.some((report) => report.is === is)).toBe(true) as Promise<void>,
  }
}

function setUpStore(options: RedisStoreOptions): RedisStore {
  const store = redisStore({ timeout: '30s', lease: '1s', onError: () => {}, ...options })
  onTestFinished(() => store.close())
  return store
}

/**
 * Checks that each number was published once, in order, and that nobody published after another one had the right. Returns
 * the tokens of those who published.
 */
async function readTokens(redis: Redis): Promise<string[]> {
  const log = setUpLog({ url: redis.url })
  const { entries } = await log.since(0, { limit: 100_000 })
  const found = entries.map(({ message }) => message.data.split(' '))
  expect(found.map(([number]) => Number(number))).toEqual(found.map((_, n) => n + 1))
  const tokens = found.map(([, token]) => token ?? '').filter((token, n, all) => token !== all[n - 1])
  const numbers = tokens.map((token) => Number.parseInt(token, 10))
  expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b))
  return tokens
}

const findTokens = ({ reports }: JobNode) =>
  reports.flatMap((report) => (report.is === 'leading' ? [report.token] : []))

describe.skipIf(redisPath === undefined)('of several nodes of a job', () => {
  it('one has the lease; the next gets it soon if it is released, also by close', async () => {
    const redis = await setUpRedis()
    const admin = await setUpAdmin(redis)
    const countCalls = async () =>
      Number(/cmdstat_evalsha:calls=(\d+)/.exec(await admin.info('commandstats'))?.[1])
    const [one, two, three] = [1, 2, 3].map(() => setUpStore({ url: redis.url, lease: '60s' })) as [
      RedisStore,
      RedisStore,
      RedisStore,
    ]
    const held = await one.acquire().granted
    const first = one.token ?? ''
    const waiting = two.acquire()
    let isGranted = false
    waiting.granted.then(() => {
      isGranted = true
    })
    await expect(two.save({ number: 1, chunks: [] })).rejects.toMatchObject({ code: 'lease-lost' })
    // It asks for the second time when Redis has refused it the first time.
    const calls = await countCalls()
    await expect.poll(countCalls).toBeGreaterThanOrEqual(calls + 2)
    expect(isGranted).toBe(false)
    await held.release()
    await waiting.granted
    expect(one.token).toBeUndefined()
    const second = two.token ?? ''
    expect(Number.parseInt(second, 10)).toBeGreaterThan(Number.parseInt(first, 10))
    await expect(one.save({ number: 1, chunks: [] })).rejects.toMatchObject({ code: 'lease-lost' })
    const third = three.acquire().granted
    await two.close()
    await third
    expect(() => two.acquire()).toThrow('redisStore is closed')
  })

  it('one that is no longer wanted leaves the lease to the others', async () => {
    const redis = await setUpRedis()
    const [one, two, three] = [1, 2, 3].map(() => setUpStore({ url: redis.url })) as [
      RedisStore,
      RedisStore,
      RedisStore,
    ]
    const held = await one.acquire().granted
    const cancelled = two.acquire()
    cancelled.granted.then(() => expect.fail('it was cancelled'))
    cancelled.cancel()
    await held.release()
    await three.acquire().granted
    expect(two.token).toBeUndefined()
  })

  it('the one that is killed is replaced within one lease, and the other goes on from its last snapshot', async () => {
    const redis = await setUpRedis()
    const admin = await setUpAdmin(redis)
    const one = startNode(redis.url)
    await one.has('saved')
    const two = startNode(redis.url)
    // The first one saves and appends, and the other one asks for the right.
    const countCallers = async () =>
      (await admin.sendCommand<string>(['CLIENT', 'LIST'])).split('cmd=evalsha').length - 1
    await expect.poll(countCallers).toBe(3)
    await expect.poll(() => one.reports.length).toBeGreaterThan(100)
    one.process.kill('SIGKILL')
    const [seconds, microseconds] = await admin.sendCommand<[string, string]>(['TIME'])
    await two.has('saved')
    // Its token tells when Redis gave it the right. After the lease of the dead, it may take one more try.
    const taken = Number.parseInt(findTokens(two)[0] ?? '', 10) / 1_000
    const killed = Number(seconds) * 1_000 + Number(microseconds) / 1_000
    expect(taken - killed).toBeGreaterThan(0)
    expect(taken - killed).toBeLessThan(1_500)
    const saved = one.reports.filter(({ is }) => is === 'saved').length
    const [leading] = two.reports
    expect(leading).toMatchObject({ is: 'leading' })
    if (leading?.is === 'leading') expect(leading.number).toBeGreaterThanOrEqual(saved)
    expect(await readTokens(redis)).toEqual([...findTokens(one), ...findTokens(two)])
  })

  it('the one that was stopped for longer than its lease publishes and saves nothing more', async () => {
    const redis = await setUpRedis()
    const [one, two] = [startNode(redis.url), startNode(redis.url)]
    await expect.poll(() => [...one.reports, ...two.reports].some(({ is }) => is === 'saved')).toBe(true)
    const [zombie, other] = one.reports.length > 0 ? [one, two] : [two, one]
    zombie.process.kill('SIGSTOP')
    await other.has('saved')
    // What it did before it was stopped is still on its way.
    await sleep(100)
    const { length } = zombie.reports
    zombie.process.kill('SIGCONT')
    await zombie.has('lost')
    await expect.poll(() => other.reports.length).toBeGreaterThan(50)
    // The call that was under way when it was stopped may have been carried out before.
    const after = zombie.reports.slice(length).map(({ is }) => is)
    const again = after.indexOf('leading')
    const asZombie = again === -1 ? after : after.slice(0, again)
    expect(asZombie.filter((is) => is === 'saved' || is === 'published').length).toBeLessThanOrEqual(1)
    const tokens = await readTokens(redis)
    expect(tokens.length).toBeGreaterThan(1)
    expect(tokens[0]).toBe(findTokens(zombie)[0])
  })

  it.each(['refused', 'silent'])(
    'the one that is cut off from Redis (%s) knows that it lost the lease before another one has it',
    async (how) => {
      const redis = await setUpRedis()
      const refusing = await createFaultProxy({ target: redis.url })
      onTestFinished(() => refusing.close())
      const silent = await startHoldingProxy(redis.port)
      const url = how === 'silent' ? silent.url : `redis://127.0.0.1:${refusing.port}`
      const [one, two] = [setUpStore({ url, timeout: 500 }), setUpStore({ url: redis.url })]
      const events: string[] = []
      const held = await one.acquire().granted
      held.onLost(({ message }) => events.push(message))
      await one.save({ number: 1, chunks: [] })
      const taken = two.acquire().granted.then(() => events.push('taken'))
      if (how === 'silent') silent.hold()
      else await refusing.down()
      const late = one.save({ number: 2, chunks: [] })
      await expect(late).rejects.toMatchObject({ code: expect.stringMatching(/^(timeout|lease-lost)$/) })
      await taken
      expect(events).toEqual([
        'redisStore: the right to run the job is lost: the lease could not be renewed in time',
        'taken',
      ])
      await expect(one.save({ number: 2, chunks: [] })).rejects.toMatchObject({ code: 'lease-lost' })
      expect(await two.load()).toMatchObject({ number: 1 })
    },
  )

  it('the one that died before the clock of Redis was set back is replaced within one lease, and one that lives goes on', async () => {
    const redis = await setUpRedis()
    const admin = await setUpAdmin(redis)
    const setBack = (lease: string) => admin.pExpire(lease, 3_600_000)
    await admin.set('{rxsse}:job:job:lease', '1-dead')
    await setBack('{rxsse}:job:job:lease')
    const store = setUpStore({ url: redis.url })
    const held = await store.acquire().granted
    const reasons: Error[] = []
    held.onLost((reason) => reasons.push(reason))
    await setBack('{rxsse}:job:job:lease')
    let isTaken = false
    const request = setUpStore({ url: redis.url }).acquire()
    void request.granted.then(() => {
      isTaken = true
    })
    // Longer than a lease.
    await sleep(1_500)
    expect([isTaken, reasons, store.token]).toEqual([false, [], expect.any(String)])
    request.cancel()

    await admin.set('{rxsse}:shard:1:split:lease', '1-dead')
    await setBack('{rxsse}:shard:1:split:lease')
    const { granted } = setUpStore({ url: redis.url, job: 'split' }).shard(1, 2).acquire()
    await (await granted).release()
  })

  it('the one whose right Redis has forgotten or given to another cannot save or append', async () => {
    const redis = await setUpRedis()
    const admin = await setUpAdmin(redis)
    const store = setUpStore({ url: redis.url, lease: '60s' })
    const log = setUpLog({ url: redis.url, fence: store })
    for (const action of [
      () => store.save({ number: 1, chunks: [] }),
      () => log.append({ data: '1', topic: '' }, 'all'),
    ]) {
      await admin.flushAll()
      const reasons: Error[] = []
      const held = await store.acquire().granted
      // A listener that fails is reported, and the next one hears of it all the same.
      held.onLost(() => Promise.reject(new Error('of a listener')) as never)
      held.onLost((reason) => reasons.push(reason))
      await admin.flushAll()
      await expect(action()).rejects.toMatchObject({ code: 'lease-lost' })
      expect(reasons).toMatchObject([{ code: 'lease-lost' }])
      expect(store.token).toBeUndefined()
      await expect(action()).rejects.toMatchObject({ code: 'lease-lost' })
    }
  })

  it('the one whose log is on another server than its store is told so', async () => {
    const [redis, other] = [await setUpRedis(), await setUpRedis()]
    const store = setUpStore({ url: redis.url, lease: '60s' })
    const log = setUpLog({ url: other.url, fence: store })
    const reasons: string[] = []
    ;(await store.acquire().granted).onLost(({ message }) => reasons.push(message))
    await expect(log.append({ data: '1', topic: '' }, 'all')).rejects.toMatchObject({ code: 'lease-lost' })
    expect(reasons).toEqual([expect.stringContaining('or the log is on another server than the store')])
  })

  it('only the one with the lease appends to a fenced log, and all read it', async () => {
    const redis = await setUpRedis()
    const stores = [1, 2].map(() => setUpStore({ url: redis.url })) as [RedisStore, RedisStore]
    const logs = stores.map((store) => setUpLog({ url: redis.url, fence: store }))
    const [one, two] = logs
    await expect(one?.append({ data: '0', topic: '' }, 'all')).rejects.toMatchObject({
      code: 'lease-lost',
      mayBeAppended: false,
    })
    const held = await stores[0].acquire().granted
    await one?.append({ data: '1', topic: '' }, 'all')
    await expect(two?.append({ data: '2', topic: '' }, 'all')).rejects.toMatchObject({ code: 'lease-lost' })
    await held.release()
    await expect(one?.append({ data: '3', topic: '' }, 'all')).rejects.toMatchObject({ code: 'lease-lost' })
    await stores[1].acquire().granted
    await two?.append({ data: '4', topic: '' }, 'all')
    for (const log of logs) {
      const { entries } = await log.since(0, { limit: 10 })
      expect(entries.map(({ message }) => message.data)).toEqual(['1', '4'])
    }
    expect(() => setUpLog({ url: redis.url, key: 'other', fence: stores[0] })).toThrow(
      "redisLog: fence must be a redisStore whose key is 'other', as the log's, not the string \"rxsse\"",
    )
  })
})
