import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import type { EventLog, LogEntry } from '@rxsse/server'
import { VirtualClock } from '@rxsse/testing/virtual-time'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createPatchedClient } from '../../test/patched-client.ts'
import { redisPath } from '../../test/redis.ts'
import { advance, advanceUntil, setUpLog, setUpRedis } from '../../test/set-up.ts'

const append = async (log: EventLog, data: string): Promise<LogEntry> =>
  log.append({ data, topic: '' }, 'all')

describe.skipIf(redisPath === undefined)('a call to a redisLog', () => {
  it('does not hold up later calls if it times out after it was sent and its connection is lost', async () => {
    const redis = await setUpRedis({ durable: true })
    const clock = new VirtualClock()
    const log = setUpLog({ url: redis.url, scheduler: clock })
    const { id } = await advanceUntil(clock, log.head())
    redis.pause()
    const timedOut = append(log, 'timed out')
    await nextTurn()
    clock.advanceBy(60_000)
    await expect(timedOut).rejects.toMatchObject({ code: 'timeout', mayBeAppended: true })
    await redis.stop('SIGKILL')
    await redis.start()
    const appended = await advanceUntil(clock, append(log, 'later'))
    const { entries } = await setUpLog({ url: redis.url }).since(id, { limit: 10 })
    // Redis was killed before it read the message, and nobody waited for it afterwards.
    expect(entries.map(({ message }) => message.data)).toEqual(['later'])
    expect(entries.at(-1)?.id).toBe(appended.id)
  })

  it('is carried out before later calls, also while there is no connection', async () => {
    const redis = await setUpRedis({ durable: true })
    await redis.stop()
    const log = setUpLog({ url: redis.url })
    const calls: Promise<LogEntry>[] = []
    // Some calls come at each moment of the failing tries.
    for (let n = 0; n < 300; n++) {
      calls.push(append(log, `${n}`))
      if (n % 30 === 29) await sleep(5)
      else await undefined
    }
    await redis.start()
    const offsets = (await Promise.all(calls)).map(({ offset }) => offset)
    expect(offsets).toEqual(offsets.toSorted((a, b) => a - b))
  })

  it('that reads is rejected when the log is closed', async () => {
    const redis = await setUpRedis({ durable: true })
    const log = setUpLog({ url: redis.url })
    await log.head()
    redis.pause()
    const reading = Promise.all(
      [log.head(), log.since('x', { limit: 1 })].map((call) => Promise.resolve(call)),
    )
    reading.catch(() => {})
    log.close()
    await expect(reading).rejects.toMatchObject({ name: 'RedisError', code: 'closed' })
    redis.resume()
  })

  it('that reads is tried again with growing delays, and not after its timeout', async () => {
    const redis = await setUpRedis({ durable: true })
    const clock = new VirtualClock()
    const tries: number[] = []
    const client = createPatchedClient(redis.url, (connection) => {
      connection.evalSha = () => {
        tries.push(clock.now())
        return Promise.reject(new Error('Socket closed unexpectedly'))
      }
    })
    const log = setUpLog({ client, timeout: 1_500, scheduler: clock, random: () => 0.5 })
    const rejected = expect(log.head()).rejects.toMatchObject({ code: 'timeout' })
    await advance(clock, 3_000)
    await rejected
    // The delays are 10 ms, doubled each time, and half as much again by chance.
    expect(tries).toEqual([0, 15, 45, 105, 225, 465, 945])
  })

  it('is carried out although onError throws when Redis goes away', async () => {
    const logged = vi.spyOn(console, 'error').mockImplementation(() => {})
    onTestFinished(() => logged.mockRestore())
    const redis = await setUpRedis({ durable: true })
    const log = setUpLog({
      url: redis.url,
      onError() {
        throw new Error('of onError')
      },
    })
    await append(log, '1')
    await redis.stop()
    const second = append(log, '2')
    await redis.start()
    await second
    expect(logged.mock.calls.map(String)).toEqual(['Error: of onError'])
  })
})
