import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '@rxsse/testing/programs'
import { createClient, createCluster, createSentinel } from 'redis'
import { describe, expect, it, onTestFinished } from 'vitest'
import { eventually } from '../test/eventually.ts'
import { redisPath, startRedis } from '../test/redis.ts'
import { redisLog } from './redis-log.ts'
import type { RedisLogClient } from './redis-log-options.ts'

/** That everything the log needs works by way of a client of that kind. */
async function expectToWork(client: RedisLogClient, key: string): Promise<void> {
  const log = redisLog({ client, key, onError: () => {} })
  onTestFinished(() => log.close())
  const seen: string[] = []
  const tail = await log.tail?.((entries) => void seen.push(...entries.map(({ message }) => message.data)))
  const entries = await Promise.all(
    ['1', '2', '3'].map((data) => log.append({ data, topic: '' }, 'all', { sourceId: data })),
  )
  await eventually(() => seen.length === 3)
  expect(seen).toEqual(['1', '2', '3'])
  expect((await log.since(entries[0]?.id ?? '', 10)).entries.map(({ id }) => id)).toEqual(
    entries.slice(1).map(({ id }) => id),
  )
  tail?.stop()
}

describe.skipIf(redisPath === undefined)('redisLog over a client of the user’s', () => {
  it('works with createClient, connected or not, and leaves it as it is', async () => {
    const redis = await startRedis()
    onTestFinished(() => redis.close())
    const client = createClient({ url: redis.url })
    await expectToWork(client, 'one')
    expect(client.isOpen).toBe(false)
    await client.connect()
    onTestFinished(() => client.destroy())
    await expectToWork(client, 'two')
    expect(await client.ping()).toBe('PONG')
  })

  it('comes back also with a client that was told not to reconnect', async () => {
    const redis = await startRedis({ durable: true })
    onTestFinished(() => redis.close())
    const client = createClient({ url: redis.url, socket: { reconnectStrategy: false } })
    const log = redisLog({ client, timeout: '30s', onError: () => {} })
    onTestFinished(() => log.close())
    const seen: string[] = []
    await log.tail?.((entries) => void seen.push(...entries.map(({ message }) => message.data)))
    await log.append({ data: '1', topic: '' }, 'all')
    await redis.stop()
    await redis.start()
    await log.append({ data: '2', topic: '' }, 'all')
    await eventually(() => seen.length === 2)
    expect(seen).toEqual(['1', '2'])
  })

  it('works with createCluster: the keys of a log share a slot', async () => {
    const redis = await startRedis({ config: ['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000'] })
    onTestFinished(() => redis.close())
    const admin = createClient({ url: redis.url })
    onTestFinished(() => admin.destroy())
    await admin.connect()
    await admin.sendCommand(['CLUSTER', 'ADDSLOTSRANGE', '0', '16383'])
    while (!String(await admin.sendCommand(['CLUSTER', 'INFO'])).includes('cluster_state:ok'))
      await eventually(() => true)
    await expectToWork(createCluster({ rootNodes: [{ url: redis.url }] }), 'one')
    await expectToWork(createCluster({ rootNodes: [{ url: redis.url }] }), 'another')
  })

  it('works with createSentinel', async () => {
    const redis = await startRedis()
    onTestFinished(() => redis.close())
    const sentinel = await startSentinel(redis.port)
    const client = createSentinel({
      name: 'main',
      sentinelRootNodes: [{ host: '127.0.0.1', port: sentinel }],
    })
    await expectToWork(client, 'one')
  })
})

async function startSentinel(master: number): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'rxsse-sentinel-'))
  const port = await freePort()
  const path = join(folder, 'sentinel.conf')
  writeFileSync(path, `port ${port}\nbind 127.0.0.1\nsentinel monitor main 127.0.0.1 ${master} 1\n`)
  const child: ChildProcess = spawn(redisPath ?? 'redis-server', [path, '--sentinel'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await once(child, 'exit')
    await rm(folder, { recursive: true, force: true })
  })
  let said = ''
  child.stdout?.on('data', (chunk: Buffer) => {
    said += chunk
  })
  await eventually(() => said.includes('+monitor'))
  return port
}
