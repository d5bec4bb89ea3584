import { setTimeout as sleep } from 'node:timers/promises'
import type { Target } from '@rxsse/server'
import fc from 'fast-check'
import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Redis, redisPath, startRedis } from '../../test/redis.ts'
import type { RedisClient } from '../connection/redis-client.ts'
import { type RedisPresence, redisPresence } from './redis-presence.ts'

type Action =
  | { readonly do: 'open' | 'close' | 'take' | 'release'; readonly node: number; readonly name: string }
  | { readonly do: 'die' | 'leave'; readonly node: number }
  | { readonly do: 'empty' }

const node = fc.nat(2)
const name = fc.constantFrom('a', 'b', 'c')
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({ do: fc.constantFrom('open', 'close', 'take', 'release'), node, name }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('die', 'leave'), node }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('empty') }) },
)
const MOST = 2
/** Tries of 20 ms each: together many times the ttl. */
const PATIENCE = 2_000
let nodesStarted = 0

/** A node whose connection to Redis can be ended for good, as if its process were killed. */
interface ModelledNode {
  readonly presence: RedisPresence
  /** A user that is connected to this node only. */
  readonly own: string
  readonly open: { readonly user: string; readonly rooms: readonly string[] }[]
  readonly places: Map<string, { release(): void }[]>
  die(): void
}

function startNode(url: string, key: string): ModelledNode {
  const connections: { client: RedisClient; over: boolean }[] = []
  let isDead = false
  const duplicating = createClient({ url })
  const client: RedisClient = {
    ...({} as RedisClient),
    duplicate(overrides) {
      const own: RedisClient = duplicating.duplicate(overrides)
      connections.push({ client: own, over: false })
      const connect = own.connect.bind(own)
      own.connect = () => (isDead ? Promise.reject(new Error('dead')) : connect())
      return own
    },
  }
  return {
    presence: redisPresence({ client, key, ttl: 2_000, timeout: '30s', onError: () => {} }),
    own: `of node ${++nodesStarted}`,
    open: [],
    places: new Map(),
    die() {
      isDead = true
      for (const each of connections) if (each.client.isOpen) each.client.destroy()
    },
  }
}

describe.skipIf(redisPath === undefined)('redisPresence and its model', () => {
  let redis: Redis
  let keys = 0

  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(() => redis.close())

  it('agree on every count and never exceed a limit, while nodes die and Redis loses data', {
    timeout: 240_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 10, maxLength: 60, size: 'max' }), async (actions) => {
        const key = `model-${++keys}`
        const nodes = [0, 1, 2].map(() => startNode(redis.url, key))
        const admin = createClient({ url: redis.url })
        await admin.connect()
        const ended: ModelledNode[] = []
        try {
          for (const each of actions) {
            if (each.do === 'empty') {
              await agree(nodes, ended)
              await admin.flushAll()
              // Each node has a connection of its own, whose count shows that the node has reported everything again.
              await agree(nodes, ended)
            } else await act(each, nodes, ended)
          }
          await agree(nodes, ended)
        } finally {
          admin.destroy()
          for (const each of ended) each.die()
          await Promise.all(nodes.map(({ presence }) => presence.close()))
        }

        async function act(
          each: Exclude<Action, { do: 'empty' }>,
          all: ModelledNode[],
          over: ModelledNode[],
        ): Promise<void> {
          const acting = all[each.node]
          if (acting === undefined) return
          if (each.do === 'open') {
            const connection = { user: each.name, rooms: [each.name, `${each.name}${each.name}`] }
            acting.open.push(connection)
            acting.presence.next({ type: 'opened', ...connection })
          } else if (each.do === 'close') {
            const connection = acting.open.pop()
            if (connection !== undefined) acting.presence.next({ type: 'closed', ...connection })
          } else if (each.do === 'take') {
            const place = await acting.presence.take(each.name, MOST)
            if (place === undefined) return
            const places = acting.places.get(each.name) ?? []
            acting.places.set(each.name, [...places, place])
            expect(countPermits(each.name, all)).toBeLessThanOrEqual(MOST)
          } else if (each.do === 'release') acting.places.get(each.name)?.pop()?.release()
          else {
            if (each.do === 'leave') await acting.presence.close()
            else acting.die()
            over.push(acting)
            all[each.node] = startNode(redis.url, key)
          }
        }
      }),
      // A failure takes long to detect, and one is enough.
      { numRuns: 10, endOnFailure: true },
    )
  })
})

function countPermits(name: string, nodes: readonly ModelledNode[]): number {
  return nodes.reduce((sum, { places }) => sum + (places.get(name)?.length ?? 0), 0)
}

/** Waits until every node returns every count of the model. */
async function agree(nodes: readonly ModelledNode[], ended: readonly ModelledNode[]): Promise<void> {
  for (const { presence, open, own } of nodes) {
    open.push({ user: own, rooms: [] })
    presence.next({ type: 'opened', user: own, rooms: [] })
  }
  const openNow = nodes.flatMap(({ open }) => open)
  const of = (user: string) => openNow.filter((each) => each.user === user).length
  const told: [Target, number][] = nodes.map(({ own }) => [{ user: own }, of(own)])
  const gone: [Target, number][] = ended.map(({ own }) => [{ user: own }, 0])
  const rest: [Target, number][] = [['all', openNow.length]]
  for (const user of ['a', 'b', 'c']) {
    rest.push(
      [{ user }, of(user)],
      [{ room: user }, openNow.filter((each) => each.rooms.includes(user)).length],
    )
  }
  // The counts of a dead node could hide a node that has not reported yet. So the nodes' own users are checked first.
  for (const [target, expected] of [...told, ...gone, ...rest]) {
    for (const { presence } of nodes) await expectCount(presence, target, expected)
  }
}

async function expectCount(presence: RedisPresence, of: Target, expected: number): Promise<void> {
  for (let tries = 0; ; tries++) {
    const told = await presence.count(of)
    if (told === expected) return
    if (tries > PATIENCE) {
      throw new Error(`a node counts ${told} for ${JSON.stringify(of)}; the model counts ${expected}`)
    }
    await sleep(20)
  }
}
