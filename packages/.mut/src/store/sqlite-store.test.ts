import {
  copyFileSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type StoredPart, snapshotStoreLaws } from '@rxsse/testing'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { temporaryFolder } from '../../test/temporary-folder.ts'
import { createTestSnapshot, findFault } from '../../test/test-snapshot.ts'
import { sqliteStore } from './sqlite-store.ts'

describe('sqliteStore', () => {
  const laws = snapshotStoreLaws({
    createPlace() {
      const path = join(temporaryFolder(), 'job.db')
      return {
        open: () => sqliteStore({ path }),
        async parts(number) {
          const [row] = query(path, 'SELECT id, first, pieces FROM snapshot WHERE number = ?', number)
          const pieces = Array.from({ length: Number(row?.pieces) }, (_, n) => Number(row?.first) + n)
          return [
            column(path, 'snapshot', 'sizes', 'id', String(row?.id)),
            ...pieces.map((position) => column(path, 'piece', 'bytes', 'position', position)),
          ]
        },
      }
    },
  })
  for (const { title, check } of laws) it(title, check)

  it('tells at once that its options are wrong, or that another process has the file', () => {
    expect(() => sqliteStore({ path: '' })).toThrow('sqliteStore: path must be the path of a file')
    const path = join(temporaryFolder(), 'job.db')
    const store = sqliteStore({ path })
    onTestFinished(() => store.close?.())
    expect(() => sqliteStore({ path })).toThrow(
      `sqliteStore: ${path} cannot be used: database is locked; another process may have it open`,
    )
  })

  it('keeps its lock when another store has failed to open the file', () => {
    const path = join(temporaryFolder(), 'job.db')
    const store = sqliteStore({ path })
    onTestFinished(() => store.close?.())
    for (let n = 0; n < 2; n++) expect(() => sqliteStore({ path })).toThrow('database is locked')
    const other = new DatabaseSync(path)
    onTestFinished(() => other.close())
    expect(() => other.exec('CREATE TABLE other (n)')).toThrow('database is locked')
  })

  it.skipIf(process.platform === 'win32')(
    'has files that only their owner can read, and follows no link',
    async () => {
      const folder = temporaryFolder()
      const path = join(folder, 'job.db')
      const mask = process.umask(0)
      const store = sqliteStore({ path })
      await store.save(createTestSnapshot(1))
      process.umask(mask)
      for (const file of [path, `${path}-wal`]) expect(statSync(file).mode & 0o777).toBe(0o600)
      await store.close?.()
      symlinkSync(path, join(folder, 'link'))
      expect(() => sqliteStore({ path: join(folder, 'link') })).toThrow('is a symbolic link')
    },
  )

  it('does not grow with the number of saves', async () => {
    const path = join(temporaryFolder(), 'job.db')
    const store = sqliteStore({ path })
    onTestFinished(() => store.close?.())
    const sizes: number[] = []
    for (let number = 1; number <= 30; number++) {
      await store.save(createTestSnapshot(number, 600_000))
      sizes.push(statSync(path).size)
      expect(statSync(`${path}-wal`).size).toBe(0)
    }
    expect(Math.max(...sizes)).toBe(sizes[3])
    expect(sizes[3]).toBeLessThan(600_000 * 4)
  })

  it('holds what is saved in the database file itself, so that a lost WAL loses nothing', async () => {
    const path = join(temporaryFolder(), 'job.db')
    const store = sqliteStore({ path })
    onTestFinished(() => store.close?.())
    for (const number of [1, 2]) {
      await store.save(createTestSnapshot(number, 9_000_000))
      copyFileSync(path, `${path}.copy-${number}`)
      const copy = sqliteStore({ path: `${path}.copy-${number}` })
      const loaded = await copy.load()
      await copy.close?.()
      expect(loaded).toMatchObject({ number })
      expect(loaded && findFault(loaded, 9_000_000)).toBeUndefined()
    }
  })

  it('has the snapshot before or the new one at every moment of a save, also if the WAL is cut there', async () => {
    const folder = temporaryFolder()
    const path = join(folder, 'job.db')
    const store = sqliteStore({ path })
    onTestFinished(() => store.close?.())
    await store.save(createTestSnapshot(1, BYTES))
    const images = await takeImages(path, () => store.save(createTestSnapshot(2, BYTES)))
    expect(images.filter(({ wal }) => wal.length > 0).length).toBeGreaterThan(10)
    const found = new Set<number | undefined>()
    for (const [n, { database, wal }] of images.entries()) {
      for (const kept of [1, (n * 0.618) % 1]) {
        const copy = join(folder, 'copy.db')
        writeFileSync(copy, database)
        writeFileSync(`${copy}-wal`, wal.subarray(0, wal.length * kept))
        const opened = sqliteStore({ path: copy })
        const loaded = await opened.load()
        await opened.close?.()
        rmSync(copy)
        expect(loaded?.damaged).toBeUndefined()
        expect(loaded && findFault(loaded, BYTES)).toBeUndefined()
        found.add(loaded?.number)
      }
    }
    expect([...found].sort()).toEqual([1, 2])
  })

  it('never returns wrong bytes if bytes of the file are changed or cut off', async () => {
    const path = join(temporaryFolder(), 'job.db')
    const store = sqliteStore({ path })
    for (const number of [1, 2]) await store.save(createTestSnapshot(number))
    await store.close?.()
    const intact = readFileSync(path)
    const outcomes = { newest: 0, before: 0, error: 0 }
    const fault = fc.record({
      at: fc.nat(intact.length - 1),
      bits: fc.integer({ min: 1, max: 255 }),
      cut: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(fault, async ({ at, bits, cut }) => {
        writeFileSync(path, intact.with(at, (intact[at] as number) ^ bits))
        if (cut) truncateSync(path, at)
        let damaged: ReturnType<typeof sqliteStore> | undefined
        try {
          damaged = sqliteStore({ path })
          const loaded = await damaged.load()
          // An empty file is a new database.
          if (loaded === undefined) expect(cut).toBe(true)
          else {
            expect(findFault(loaded)).toBeUndefined()
            if (loaded.number === 1) expect(loaded.damaged?.length).toBeGreaterThan(0)
            outcomes[loaded.number === 2 ? 'newest' : 'before']++
          }
        } catch (error) {
          expect(String(error)).toMatch(
            /damaged|not intact|no snapshot is intact|cannot be used|malformed|not a database/,
          )
          outcomes.error++
        } finally {
          await damaged?.close?.()
        }
      }),
      { numRuns: 300 },
    )
    expect(Math.min(...Object.values(outcomes))).toBeGreaterThan(0)
  })
})

const BYTES = 5_000_000

/** What a killed process would leave behind at each turn of the event loop. */
async function takeImages(path: string, action: () => unknown) {
  const images: { readonly database: Buffer; readonly wal: Buffer }[] = []
  let isDone = false
  const done = Promise.resolve(action()).then(() => {
    isDone = true
  })
  while (!isDone) {
    const [database, wal] = [path, `${path}-wal`].map((file) => readFileSync(file)) as [Buffer, Buffer]
    if (images.length === 0 || wal.length !== images.at(-1)?.wal.length) images.push({ database, wal })
    await nextTurn()
  }
  await done
  return images
}

type Value = string | number | Uint8Array

function query(path: string, sql: string, ...values: Value[]) {
  const database = new DatabaseSync(path)
  try {
    return database.prepare(sql).all(...values)
  } finally {
    database.close()
  }
}

function column(path: string, table: string, name: string, key: string, value: Value): StoredPart {
  return {
    read: async () =>
      query(path, `SELECT ${name} FROM ${table} WHERE ${key} = ?`, value)[0]?.[name] as Uint8Array,
    write: async (bytes) =>
      void query(path, `UPDATE ${table} SET ${name} = ? WHERE ${key} = ?`, bytes, value),
  }
}
