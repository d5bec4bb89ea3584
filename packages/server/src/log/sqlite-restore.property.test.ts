import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { EventLog } from './event-log.ts'
import { sqliteLog } from './sqlite-log.ts'

type Step =
  | { readonly do: 'append'; readonly count: number }
  | { readonly do: 'open again' | 'back up' | 'restore' }
  /** Somebody deletes an entry while the log is not open. */
  | { readonly do: 'delete'; readonly which: number }
  | { readonly do: 'read'; readonly which: number; readonly limit: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('append' as const), count: fc.integer({ min: 1, max: 4 }) }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('open again', 'back up', 'restore') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('delete' as const), which: fc.nat() }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('read' as const),
      which: fc.nat(),
      limit: fc.integer({ min: 1, max: 5 }),
    }),
  },
)

interface Model {
  /** The ids of the entries that were ever appended to this file, and which of them it still has. */
  readonly ids: readonly string[]
  readonly deleted: ReadonlySet<string>
}

async function readAll(log: EventLog, id: string, limit: number): Promise<string[]> {
  const found: string[] = []
  for (let from: string | number = id; ; ) {
    const { entries, gap, end, more } = await log.since(from, { limit })
    if (gap !== undefined) found.push('gap')
    found.push(...entries.map((entry) => entry.id))
    if (!more) return found
    from = end
  }
}

async function compare(steps: readonly Step[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'rxsse-log-'))
  const path = join(folder, 'events.db')
  let log = sqliteLog({ path })
  let model: Model = { ids: [], deleted: new Set() }
  let backup: Model | undefined
  /** For every id that a client may have, what it had seen by then. */
  const seen = new Map<string, readonly string[]>([[(await log.head()).id, []]])
  const closed = async (work: () => void) => {
    await log.close()
    work()
    log = sqliteLog({ path })
    seen.set((await log.head()).id, model.ids)
  }
  try {
    for (const each of steps) {
      switch (each.do) {
        case 'append':
          for (let n = 0; n < each.count; n++) {
            const { id } = await log.append({ data: 'x', topic: '' }, 'all')
            model = { ...model, ids: [...model.ids, id] }
            expect(seen.has(id)).toBe(false)
            seen.set(id, model.ids)
          }
          break
        case 'open again':
          await closed(() => {})
          break
        case 'back up':
          await closed(() => cpSync(path, `${path}.backup`))
          backup = model
          break
        case 'restore': {
          const before = backup
          if (before === undefined) break
          await closed(() => {
            cpSync(`${path}.backup`, path)
            model = before
          })
          break
        }
        case 'delete': {
          const removable = model.ids.slice(0, -1)
          const id = removable[each.which % Math.max(1, removable.length)]
          if (id === undefined) break
          await closed(() => {
            const database = new DatabaseSync(path)
            database.prepare('DELETE FROM event WHERE offset = ?').run(Number(id.split('-')[1]))
            database.close()
          })
          model = { ...model, deleted: new Set([...model.deleted, id]) }
          break
        }
        case 'read': {
          const [id = '', had = []] = [...seen][each.which % seen.size] ?? []
          const found = await readAll(log, id, each.limit)
          const isKnown = had.every((other, at) => model.ids[at] === other)
          const rest = model.ids.slice(had.findIndex((other, at) => model.ids[at] !== other))
          const told = (isKnown ? model.ids.slice(had.length) : rest).map((other) =>
            model.deleted.has(other) ? 'gap' : other,
          )
          const wanted = told.filter((other, at) => other !== 'gap' || told[at - 1] !== 'gap')
          if (isKnown) expect(found).toEqual(wanted)
          else {
            // It is told first. It may get entries again that it has, but misses none.
            expect(found[0]).toBe('gap')
            expect(found.slice(found.length - wanted.length)).toEqual(wanted)
          }
        }
      }
    }
  } finally {
    await log.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

it('sqliteLog tells each client what it misses after its file was put back from an older copy, however often', async () => {
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 25, size: 'max' }), compare), { numRuns: 40 })
})
