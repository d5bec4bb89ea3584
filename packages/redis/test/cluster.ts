import { createCluster, type RedisClientType } from 'redis'
import { expect } from 'vitest'
import type { RedisClient } from '../src/connection/redis-client.ts'
import type { Redis } from './redis.ts'
import { setUpAdmin, setUpRedis } from './set-up.ts'

/** Three masters that share the slots. */
export interface Cluster {
  /** A new client that knows one of the masters. */
  createClient(): RedisClient
  readonly masters: readonly Master[]
  /** The number of the master that serves a key. */
  findMaster(key: string): Promise<number>
  /** Moves the slot of a key with all its keys to another master, one key at a time, as `redis-cli --cluster reshard`. */
  moveSlot(key: string, to: number): Promise<void>
}

export interface Master {
  readonly redis: Redis
  readonly admin: RedisClientType
  readonly id: string
}

/** A cluster that is stopped at the end of the test. */
export async function setUpCluster(): Promise<Cluster> {
  const config = [
    '--cluster-enabled',
    'yes',
    '--cluster-node-timeout',
    '5000',
    '--cluster-allow-replica-migration',
    'no',
  ]
  const masters = await Promise.all(
    [0, 1, 2].map(async (n): Promise<Master> => {
      const redis = await setUpRedis({ config: [...config, '--cluster-port', '0'] })
      const admin = await setUpAdmin(redis)
      await admin.sendCommand(['CLUSTER', 'SET-CONFIG-EPOCH', `${n + 1}`])
      await admin.sendCommand([
        'CLUSTER',
        'ADDSLOTSRANGE',
        `${BOUNDS[n]}`,
        `${(BOUNDS[n + 1] as number) - 1}`,
      ])
      return { redis, admin, id: String(await admin.sendCommand(['CLUSTER', 'MYID'])) }
    }),
  )
  const [first] = masters as [Master, ...Master[]]
  for (const { redis } of masters.slice(1)) {
    await first.admin.sendCommand(['CLUSTER', 'MEET', '127.0.0.1', `${redis.port}`])
  }
  for (const { admin } of masters) {
    await expect
      .poll(() => admin.sendCommand(['CLUSTER', 'INFO']))
      .toMatch(/cluster_state:ok[\s\S]*known_nodes:3/)
  }
  const findMaster = async (key: string) => {
    const slot = Number(await first.admin.sendCommand(['CLUSTER', 'KEYSLOT', key]))
    const ranges = (await first.admin.sendCommand(['CLUSTER', 'SLOTS'])) as unknown as [
      number,
      number,
      [string, number],
    ][]
    const range = ranges.find(([from, to]) => from <= slot && slot <= to)
    return masters.findIndex(({ redis }) => redis.port === Number(range?.[2][1]))
  }
  return {
    createClient: () => createCluster({ rootNodes: [{ url: first.redis.url }] }),
    masters,
    findMaster,
    async moveSlot(key, to) {
      const source = masters[await findMaster(key)] as Master
      const target = masters[to] as Master
      const slot = String(await first.admin.sendCommand(['CLUSTER', 'KEYSLOT', key]))
      await target.admin.sendCommand(['CLUSTER', 'SETSLOT', slot, 'IMPORTING', source.id])
      await source.admin.sendCommand(['CLUSTER', 'SETSLOT', slot, 'MIGRATING', target.id])
      for (;;) {
        const [next] = (await source.admin.sendCommand([
          'CLUSTER',
          'GETKEYSINSLOT',
          slot,
          '1',
        ])) as unknown as string[]
        if (next === undefined) break
        await source.admin.sendCommand(['MIGRATE', '127.0.0.1', `${target.redis.port}`, next, '0', '5000'])
      }
      for (const { admin } of [target, source, ...masters]) {
        await admin.sendCommand(['CLUSTER', 'SETSLOT', slot, 'NODE', target.id])
      }
    },
  }
}

const BOUNDS = [0, 5_461, 10_923, 16_384]
