import type { EventLog, LogEntry, LoggedMessage } from '@rxsse/server'
import fc from 'fast-check'
import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Redis, redisPath, startRedis } from '../../test/redis.ts'
import { redisLog } from './redis-log.ts'

type Step =
  | { readonly do: 'append'; readonly node: number; readonly count: number }
  | { readonly do: 'append again'; readonly node: number; readonly which: number }
  | { readonly do: 'read'; readonly node: number; readonly which: number; readonly limit: number }
  /** Something other than a log removes an entry. */
  | { readonly do: 'remove'; readonly which: number }
  /** The effects of a restart, a total loss, a backup and its restoration on the keys, without restarting Redis. */
  | { readonly do: 'restart' | 'erase' | 'back up' | 'restore' | 'restore in place' }

const node = fc.nat({ max: 1 })
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('append' as const), node, count: fc.integer({ min: 1, max: 4 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('append again' as const), node, which: fc.nat() }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('read' as const),
      node,
      which: fc.nat(),
      limit: fc.integer({ min: 1, max: 5 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('remove' as const), which: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('restart', 'erase') }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('back up', 'restore', 'restore in place') }) },
)

/** The last entry before those that were lost is removed too. */
const REMOVED_BEFORE_LOST: readonly Step[] = [
  { do: 'append', node: 0, count: 2 },
  { do: 'back up' },
  { do: 'append', node: 0, count: 1 },
  { do: 'restore' },
  { do: 'remove', which: 1 },
  { do: 'append', node: 0, count: 1 },
  { do: 'read', node: 0, which: 0, limit: 1 },
]

/** The log as a list: its entries in order, and the places of lost entries. */
interface Model {
  items: ({ readonly data: string; readonly id: string; readonly offset: number } | 'lost')[]
  /** For every id ever assigned: the number of items up to it, or that it was lost. */
  ids: Map<string, number | 'lost'>
}

const GAP = 'gap'
const message = (data: string): LoggedMessage => ({ data, topic: 'message' })

describe.skipIf(redisPath === undefined)('redisLog and its model', () => {
  let redis: Redis
  let admin: ReturnType<typeof createClient>
  let keys = 0

  beforeAll(async () => {
    redis = await startRedis()
    admin = createClient({ url: redis.url })
    await admin.connect()
  })
  afterAll(async () => {
    admin.destroy()
    await redis.close()
  })

  it('agree on every page and every gap, and a tail reports every loss', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 12 }),
        fc.array(step, { maxLength: 40, size: 'max' }) as fc.Arbitrary<readonly Step[]>,
        compare,
      ),
      { numRuns: 100, examples: [[2, REMOVED_BEFORE_LOST]] },
    )
  }, 180_000)

  /** Copies in one transaction, so that no node sees a part of it. */
  function copyAll(key: string, from: string, to: string) {
    const all = admin.multi()
    all.del(PARTS.map((part) => `{${key}}:${part}${to}`))
    for (const part of PARTS) all.copy(`{${key}}:${part}${from}`, `{${key}}:${part}${to}`)
    return all
  }

  async function compare(maxLength: number, steps: readonly Step[]): Promise<void> {
    const key = `model-${++keys}`
    const nodes = [0, 1].map(() => redisLog({ url: redis.url, key, maxLength, onError: () => {} }))
    const tailed: (LogEntry | typeof GAP)[] = []
    const [one] = nodes as [EventLog, EventLog]
    try {
      const tail = await one.tail?.((entries, gap) => {
        if (gap !== undefined) tailed.push(GAP)
        tailed.push(...entries)
      })
      let model: Model = { items: [], ids: new Map([[tail?.position.id ?? '', 0]]) }
      let backup: Model | undefined
      const confirmed: string[] = []
      for (const each of steps) {
        switch (each.do) {
          case 'append': {
            const numbers = Array.from({ length: each.count }, (_, n) => `${confirmed.length + n}`)
            const log = nodes[each.node] as EventLog
            const entries = await Promise.all(
              numbers.map((n) => log.append(message(n), 'all', { sourceId: n })),
            )
            for (const { id, offset, message: kept } of entries) {
              model.items.push({ data: kept.data, id, offset })
              model.ids.set(id, model.items.length)
            }
            confirmed.push(...numbers)
            // The node that wrote knows the entry; the other node knows it when its tail delivers it.
            await caughtUp(confirmed.at(-1) ?? '')
            break
          }
          case 'append again': {
            const held = findKept(model, maxLength).filter((item) => item !== 'lost')
            const again = held[each.which % Math.max(1, held.length)]
            if (again === undefined) break
            const entry = await nodes[each.node]?.append(message('another'), 'all', { sourceId: again.data })
            expect(entry).toMatchObject({ id: again.id, message: { data: again.data } })
            break
          }
          case 'read': {
            const ids = [...model.ids]
            const [id, at] = ids[each.which % ids.length] ?? ['', 0]
            const found = await readAll(nodes[each.node] as EventLog, id, each.limit)
            const held = findKept(model, maxLength)
            const trimmed = model.items.length - held.length
            if (at === 'lost') {
              expect(found[0]).toBe(GAP)
              const lastLoss = model.items.lastIndexOf('lost')
              const wanted = model.items.slice(Math.max(lastLoss + 1, trimmed)).map(show)
              expect(found.slice(found.length - wanted.length)).toEqual(wanted)
            } else {
              const wanted = held.slice(Math.max(0, at - trimmed)).map(show)
              expect(found).toEqual(mergeGaps(at < trimmed ? [GAP, ...wanted] : wanted))
            }
            break
          }
          case 'remove': {
            const held = findKept(model, maxLength)
            const removed = held.slice(0, -1)[each.which % Math.max(1, held.length - 1)]
            if (held.length < 2 || removed === undefined || removed === 'lost') break
            await admin.xDel(`{${key}}:events`, `${removed.offset}-0`)
            // Fewer entries are held now, but those that were trimmed before do not come back.
            const isGone = (item: Model['items'][number]) => item === removed || !held.includes(item)
            model.items = model.items.map((item) => (isGone(item) ? 'lost' : item))
            break
          }
          case 'restart':
            if (model.items.length > 0) await admin.hSet(`{${key}}:metadata`, 'run', 'another')
            break
          case 'erase':
            await admin.del(['metadata', 'events', 'sources', 'ids'].map((part) => `{${key}}:${part}`))
            model = { items: [], ids: new Map([...model.ids.keys()].map((id) => [id, 'lost'])) }
            backup = undefined
            break
          case 'back up':
            await copyAll(key, '', ':backup').exec()
            backup = { items: [...model.items], ids: new Map(model.ids) }
            break
          case 'restore':
          case 'restore in place': {
            if (backup === undefined || backup.items.length === 0) break
            const copied = copyAll(key, ':backup', '')
            // In place, the server process stays the same: only a node that knows more entries notices.
            await (each.do === 'restore' ? copied.hSet(`{${key}}:metadata`, 'run', 'another') : copied).exec()
            const lost = [...model.ids].filter(([id]) => !backup?.ids.has(id))
            const items = [...backup.items]
            if (model.items.length > items.length || lost.length > 0) items.push('lost')
            const ids = new Map([...backup.ids, ...lost.map(([id]) => [id, 'lost'] as const)])
            model = { items, ids }
            // A node that knows more entries reports the loss with its next call.
            await one.head()
            break
          }
        }
      }
      await (nodes[1] as EventLog).append(message('end'), 'all')
      await caughtUp('end')
      let next = 0
      for (const [at, told] of tailed.entries()) {
        if (told === GAP) continue
        const { data } = told.message
        const n = data === 'end' ? confirmed.length : Number(data)
        expect(n).toBeGreaterThanOrEqual(next)
        if (n > next) expect(tailed[at - 1]).toBe(GAP)
        next = n + 1
      }
    } finally {
      for (const log of nodes) await log.close()
    }

    async function caughtUp(data: string): Promise<void> {
      await expect.poll(() => tailed.at(-1)).toMatchObject({ message: { data } })
    }
  }
})

const PARTS = ['metadata', 'events', 'sources', 'ids']

function findKept({ items }: Model, maxLength: number): Model['items'] {
  let from = items.length
  for (let entries = 0; from > 0; from--) {
    if (items[from - 1] === 'lost') continue
    if (entries++ === maxLength) break
  }
  return items.slice(from)
}

function show(item: Model['items'][number]): string {
  return item === 'lost' ? GAP : item.data
}

function mergeGaps(found: readonly string[]): string[] {
  return found.filter((each, at) => each !== GAP || found[at - 1] !== GAP)
}

async function readAll(log: EventLog, id: string, limit: number): Promise<string[]> {
  const found: string[] = []
  for (let from: string | number = id; ; ) {
    const { entries, gap, end, more } = await log.since(from, { limit })
    if (gap !== undefined) found.push(GAP)
    found.push(...entries.map(({ message: { data } }) => data))
    if (!more) return found
    from = end
  }
}
