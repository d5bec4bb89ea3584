import { setTimeout as sleep } from 'node:timers/promises'
import type { EventLog, LogEntry } from '@rxsse/server'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { alteredClient } from '../test/altered-client.ts'
import { type Redis, redisPath, startRedis } from '../test/redis.ts'
import { redisLog } from './redis-log.ts'
import type { RedisLogOptions } from './redis-log-options.ts'

async function started(): Promise<Redis> {
  const redis = await startRedis({ durable: true })
  onTestFinished(() => redis.close())
  return redis
}

function opened(options: RedisLogOptions): EventLog {
  const log = redisLog({ onError: () => {}, ...options })
  onTestFinished(() => log.close())
  return log
}

const append = async (log: EventLog, data: string): Promise<LogEntry> =>
  log.append({ data, topic: '' }, 'all')

describe.skipIf(redisPath === undefined)('a call to a redisLog', () => {
  it('that was given up while its message was on its way, over a connection that is lost, holds up nobody', async () => {
    const redis = await started()
    const log = opened({ url: redis.url, timeout: 400 })
    const { id } = await log.head()
    redis.pause()
    const givenUp = append(log, 'given up')
    await sleep(50)
    await redis.stop('SIGKILL')
    await expect(givenUp).rejects.toMatchObject({ code: 'timeout', mayBeAppended: true })
    await redis.start()
    const reader = opened({ url: redis.url, timeout: '60s' })
    let appended: LogEntry | undefined
    while (appended === undefined) appended = await append(log, 'after').catch(() => undefined)
    const { entries } = await reader.since(id, 10)
    // Redis had not read it, and was not there again until it was given up.
    expect(entries.map(({ message }) => message.data)).not.toContain('given up')
    expect(entries.at(-1)?.id).toBe(appended.id)
  })

  it('comes before those that were made while there was no connection for it', async () => {
    const redis = await started()
    await redis.stop()
    const log = opened({ url: redis.url, timeout: '60s' })
    const calls: Promise<LogEntry>[] = []
    // At every moment there is while it is tried in vain.
    for (let n = 0; n < 300; n++) {
      calls.push(append(log, `${n}`))
      if (n % 30 === 29) await sleep(5)
      else await undefined
    }
    await redis.start()
    const entries = await Promise.all(calls)
    expect(entries.map(({ offset }) => offset)).toEqual(
      entries.map(({ offset }) => offset).toSorted((a, b) => a - b),
    )
  })

  it('that reads is over when the log is closed', async () => {
    const redis = await started()
    const log = opened({ url: redis.url, timeout: '60s' })
    await log.head()
    redis.pause()
    const reading = Promise.all([log.head(), log.since('x', 1)].map((call) => Promise.resolve(call)))
    reading.catch(() => {})
    log.close()
    await expect(reading).rejects.toMatchObject({ name: 'RedisError', code: 'closed' })
    redis.resume()
  })

  it('that reads is not tried any more when it was given up', async () => {
    const redis = await started()
    let tries = 0
    const client = alteredClient(redis.url, (own) => {
      own.evalSha = () => {
        tries++
        return Promise.reject(new Error('Socket closed unexpectedly'))
      }
    })
    const log = opened({ client, timeout: 100 })
    await expect(log.head()).rejects.toMatchObject({ code: 'timeout' })
    // More than the longest pause between two tries.
    await sleep(1_200)
    const sofar = tries
    expect(sofar).toBeGreaterThan(1)
    await sleep(1_200)
    expect(tries).toBe(sofar)
  })

  it('is carried out although telling that Redis is away throws', async () => {
    const said = vi.spyOn(console, 'error').mockImplementation(() => {})
    onTestFinished(() => said.mockRestore())
    const redis = await started()
    const log = opened({
      url: redis.url,
      timeout: '60s',
      onError() {
        throw new Error('of onError')
      },
    })
    await append(log, '1')
    await redis.stop()
    const second = append(log, '2')
    await redis.start()
    await second
    expect(said.mock.calls.map(String)).toEqual(['Error: of onError'])
  })
})
