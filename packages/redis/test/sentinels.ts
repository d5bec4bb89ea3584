import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '@rxsse/testing/programs'
import { createClient, createSentinel } from 'redis'
import { expect, onTestFinished } from 'vitest'
import type { RedisClient } from '../src/connection/redis-client.ts'
import { redisPath } from './redis.ts'

/** Sentinels that watch a master. */
export interface Sentinels {
  /** A new client that asks them for the master. */
  createClient(): RedisClient
  /** The port of the present master. */
  findMaster(): Promise<number>
  /** Makes a replica the master, while the old master is still up. */
  failOver(): Promise<void>
  /** Waits until each of them knows so many replicas and other sentinels. */
  know(replicas: number): Promise<void>
}

/** Sentinels that are stopped at the end of the test. */
export async function setUpSentinels(master: number, count: number): Promise<Sentinels> {
  const quorum = Math.floor(count / 2) + 1
  const ports = await Promise.all(Array.from({ length: count }, () => startSentinel(master, quorum)))
  const ask = async (port: number, command: string[]): Promise<unknown> => {
    const client = createClient({ url: `redis://127.0.0.1:${port}` })
    await client.connect()
    try {
      return await client.sendCommand(command)
    } finally {
      client.destroy()
    }
  }
  return {
    createClient: () =>
      createSentinel({
        name: 'main',
        sentinelRootNodes: ports.map((port) => ({ host: '127.0.0.1', port })),
      }),
    async findMaster() {
      const [, port] = (await ask(ports[0] as number, [
        'SENTINEL',
        'GET-MASTER-ADDR-BY-NAME',
        'main',
      ])) as string[]
      return Number(port)
    },
    async failOver() {
      await ask(ports[0] as number, ['SENTINEL', 'FAILOVER', 'main'])
    },
    async know(replicas) {
      for (const port of ports) {
        await expect
          .poll(async () => ((await ask(port, ['SENTINEL', 'REPLICAS', 'main'])) as unknown[]).length)
          .toBe(replicas)
        await expect
          .poll(async () => ((await ask(port, ['SENTINEL', 'SENTINELS', 'main'])) as unknown[]).length)
          .toBe(count - 1)
      }
    },
  }
}

async function startSentinel(master: number, quorum: number): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'rxsse-sentinel-'))
  const port = await freePort()
  const path = join(folder, 'sentinel.conf')
  const lines = [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir ${folder}`,
    `sentinel monitor main 127.0.0.1 ${master} ${quorum}`,
    'sentinel down-after-milliseconds main 1000',
    'sentinel failover-timeout main 10000',
  ]
  writeFileSync(path, `${lines.join('\n')}\n`)
  const child = spawn(redisPath ?? 'redis-server', [path, '--sentinel'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await once(child, 'exit')
    rmSync(folder, { recursive: true, force: true })
  })
  let said = ''
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk
  })
  await expect.poll(() => said.includes('+monitor')).toBe(true)
  return port
}
