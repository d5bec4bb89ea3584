import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { EventLog, LoggedMessage } from './event-log.ts'
import { type SqliteLogOptions, sqliteLog } from './sqlite-log.ts'

function temporaryFile(): string {
  const directory = mkdtempSync(join(tmpdir(), 'rxsse-log-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return join(directory, 'events.db')
}

function openLog(options: SqliteLogOptions): EventLog {
  const log = sqliteLog(options)
  onTestFinished(() => log.close())
  return log
}

/** Changes the file while no log has it open. */
function changeFile(path: string, sql: string): void {
  const database = new DatabaseSync(path)
  database.exec(sql)
  database.close()
}

const message = (data: string, extra: Partial<LoggedMessage> = {}): LoggedMessage => ({
  data,
  topic: 'message',
  ...extra,
})

describe('sqliteLog', () => {
  it('continues where it stopped when it is opened again', async () => {
    const path = temporaryFile()
    const before = sqliteLog({ path })
    const one = await before.append(message('1'), 'all')
    const two = await before.append(message('2'), 'all', { sourceId: 's' })
    await before.close()
    const after = sqliteLog({ path })
    onTestFinished(() => after.close())
    expect(await after.head()).toEqual({ id: two.id, offset: 2 })
    expect((await after.since(one.id, { limit: 5 })).entries).toMatchObject([{ id: two.id }])
    expect(await after.append(message('2'), 'all', { sourceId: 's' })).toMatchObject({ id: two.id })
    expect(await after.append(message('3'), 'all')).toMatchObject({ offset: 3 })
  })

  it('can be opened only once at a time', async () => {
    const path = temporaryFile()
    const log = sqliteLog({ path })
    onTestFinished(() => log.close())
    expect(() => sqliteLog({ path })).toThrow(/cannot be used: .*; another process may have it open/)
  })

  it('limits the number of rows in the file', async () => {
    const path = temporaryFile()
    const log = sqliteLog({ path, capacity: 10 })
    for (let n = 0; n < 100; n++) await log.append(message('x'), 'all')
    await log.close()
    const database = new DatabaseSync(path)
    expect(database.prepare('SELECT count(*) AS n FROM event').get()?.n).toBeLessThanOrEqual(11)
    database.close()
  })

  it('returns no more than its capacity, even before older rows are deleted', async () => {
    const path = temporaryFile()
    const log = sqliteLog({ path, capacity: 30 })
    const epoch = (await log.head()).id.replace(/-0$/, '')
    for (let n = 1; n <= 32; n++) await log.append(message(`${n}`), 'all')
    const { entries, gap } = await log.since(`${epoch}-1`, { limit: 100 })
    expect(gap).toEqual({
      reason: 'trimmed',
      from: `${epoch}-1`,
      to: { id: `${epoch}-2`, offset: 2 },
      missed: 1,
    })
    expect(entries.length).toBe(30)
    expect((await log.since(1, { limit: 100 })).gap?.from).toBe(`${epoch}-1`)
    await log.close()
    // A smaller capacity applies when the file is opened again.
    const smaller = openLog({ path, capacity: 5 })
    expect((await smaller.since(`${epoch}-1`, { limit: 100 })).gap).toMatchObject({
      reason: 'trimmed',
      missed: 26,
    })
  })

  it("reports a gap with the reader's own id", async () => {
    const log = openLog({ path: temporaryFile(), capacity: 30, ids: 'message' })
    for (let n = 1; n <= 32; n++) await log.append(message('', { id: `m${n}` }), 'all')
    expect((await log.since('m1', { limit: 100 })).gap).toMatchObject({
      reason: 'trimmed',
      from: 'm1',
      missed: 1,
    })
  })

  it('continues its offsets if its rows were deleted, and reports them as trimmed', async () => {
    const path = temporaryFile()
    const before = sqliteLog({ path })
    const entries = []
    for (const data of ['1', '2', '3']) entries.push(await before.append(message(data), 'all'))
    await before.close()
    changeFile(path, 'DELETE FROM event')
    const log = openLog({ path })
    expect(await log.head()).toEqual({ id: entries[2]?.id, offset: 3 })
    expect(await log.since(entries[0]?.id ?? '', { limit: 5 })).toMatchObject({
      entries: [],
      gap: { reason: 'trimmed', missed: 2, to: { offset: 3 } },
    })
    expect((await log.append(message('4'), 'all')).offset).toBe(4)
  })

  it('adds the trace column to an older file', async () => {
    const path = temporaryFile()
    const before = sqliteLog({ path })
    const { id } = await before.append(message('1'), 'all')
    await before.close()
    changeFile(path, 'ALTER TABLE event DROP COLUMN trace')
    const log = openLog({ path })
    const trace = { traceparent: '00-1-2-01' }
    await log.append(message('2', { trace }), 'all')
    const { entries } = await log.since(id.replace(/1$/, '0'), { limit: 5 })
    expect(entries.map((entry) => [entry.message.data, entry.message.trace])).toEqual([
      ['1', undefined],
      ['2', trace],
    ])
  })

  it('refuses a file that is not a database, with its path and the cause, and closes it', () => {
    const path = temporaryFile()
    writeFileSync(path, 'something else, '.repeat(100))
    const close = vi.spyOn(DatabaseSync.prototype, 'close')
    onTestFinished(() => close.mockRestore())
    let thrown: unknown
    try {
      sqliteLog({ path })
    } catch (error) {
      thrown = error
    }
    expect(String(thrown)).toBe(`Error: sqliteLog: ${path} cannot be used: file is not a database`)
    expect(thrown).toHaveProperty('cause.message', 'file is not a database')
    expect(close).toHaveBeenCalledOnce()
  })

  it.each([
    [undefined, 'NORMAL'],
    ['normal', 'NORMAL'],
    ['full', 'FULL'],
  ] as const)('sets SQLite to the chosen durability: synchronous %s is %s', (synchronous, asked) => {
    const exec = vi.spyOn(DatabaseSync.prototype, 'exec')
    onTestFinished(() => exec.mockRestore())
    openLog({ path: temporaryFile(), ...(synchronous && { synchronous }) })
    expect(exec.mock.calls.join()).toContain(`PRAGMA synchronous = ${asked};`)
  })

  it.each([
    ['has no node:sqlite', { getBuiltinModule: () => undefined }],
    ['has no getBuiltinModule', {}],
    ['is not Node', undefined],
  ])('names what it needs if the runtime %s', (_, process) => {
    const path = temporaryFile()
    vi.stubGlobal('process', process)
    let thrown: unknown
    try {
      sqliteLog({ path })
    } catch (error) {
      thrown = error
    } finally {
      vi.unstubAllGlobals()
    }
    expect(String(thrown)).toBe('Error: sqliteLog needs node:sqlite: Node 22.13 or newer, or Deno 2.2')
  })
})
