import { closeSync, fdatasync, openSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { promisify } from 'node:util'
import {
  type SnapshotBackend,
  type SnapshotDraft,
  type SnapshotRecord,
  type SnapshotStore,
  type StoredSnapshot,
  withShards,
} from '@rxsse/shared'
import { syncFolder } from '@rxsse/shared/files'
import { loadSqlite, makePrivate } from '@rxsse/shared/sqlite'
import { createDiskStore } from './disk-store.ts'

export interface SqliteStoreOptions {
  /** The database file. It is created if it does not exist, but its directory must exist. */
  readonly path: string
}

/**
 * Keeps the snapshots of a job in an SQLite database (node:sqlite, WAL). It holds the last two, and the one before them
 * until the next save. Only the user who owns the file can read it, and a symbolic link in its place is not followed.
 *
 * A shard of a job has a database of its own: `<path>-shard0` for the first.
 *
 * Only one process may use the file at a time. Opening it twice throws. SQLite runs on the thread of the event loop, so a
 * save goes in small steps, and the disk is waited for on another thread.
 */
export function sqliteStore({ path }: SqliteStoreOptions): SnapshotStore {
  const store = createDiskStore('sqliteStore', path, () => new SnapshotDatabase(path))
  return withShards(store, (index) => sqliteStore({ path: `${path}-shard${index}` }))
}

class SnapshotDatabase implements SnapshotBackend {
  readonly #path: string
  readonly #database: DatabaseSync
  /** The database file, to flush it. Closing it earlier would release the locks that SQLite has on the file. */
  readonly #file: number
  #folderIsSynced = false

  constructor(path: string) {
    this.#path = path
    this.#database = openDatabase(path)
    this.#file = openSync(path, 'r+')
  }

  list(): SnapshotRecord[] {
    const rows = this.#database.prepare('SELECT id, CAST(number AS REAL) AS number FROM snapshot').all()
    return rows.map(({ id, number }) => ({ id: String(id), number: Number(number) }))
  }

  async read(id: string): Promise<StoredSnapshot> {
    const row = this.#database
      .prepare('SELECT first, pieces, sizes, checksum FROM snapshot WHERE id = ?')
      .get(id)
    if (row === undefined) throw new Error('its row is missing')
    const first = Number(row.first)
    const select = this.#database.prepare('SELECT bytes FROM piece WHERE position = ?')
    const pieces: Uint8Array[] = []
    for (let position = first; position < first + Number(row.pieces); position++) {
      const bytes = select.get(position)?.bytes
      if (!(bytes instanceof Uint8Array)) throw new Error('a part of it is missing')
      pieces.push(bytes)
      if (pieces.length % PIECES_A_TURN === 0) await nextTurn()
    }
    return { sizes: decodeSizes(row.sizes), checksum: Number(row.checksum), pieces }
  }

  async write(draft: SnapshotDraft, keep: readonly string[]): Promise<void> {
    await this.#removeOthers(keep)
    const first = this.#findEnd()
    let position = first
    let unflushed = 0
    const insert = this.#database.prepare('INSERT INTO piece (position, bytes) VALUES (?, ?)')
    // Each row is committed by itself. Rows that no snapshot refers to are removed by the next save.
    for (const piece of draft.pieces(PIECE_BYTES)) {
      insert.run(position++, piece)
      unflushed += piece.length
      if (unflushed >= FLUSH_BYTES) {
        await this.#flush()
        unflushed = 0
      } else await nextTurn()
    }
    this.#database
      .prepare('INSERT INTO snapshot (id, number, first, pieces, sizes, checksum) VALUES (?, ?, ?, ?, ?, ?)')
      .run(draft.id, draft.number, first, position - first, encodeSizes(draft.sizes), draft.checksum)
    await this.#flush()
  }

  close(): void {
    if (!this.#database.isOpen) return
    try {
      // What is still in the WAL is moved by SQLite itself.
      this.#database.exec('PRAGMA synchronous = FULL')
    } finally {
      this.#database.close()
      closeSync(this.#file)
    }
  }

  /** Removes the snapshots that are not in `keep`, and rows that belong to no snapshot, a few in each turn. */
  async #removeOthers(keep: readonly string[]): Promise<void> {
    const marks = keep.map(() => '?').join()
    this.#database.prepare(`DELETE FROM snapshot WHERE id NOT IN (${marks})`).run(...keep)
    const remove = this.#database.prepare(`DELETE FROM piece WHERE position IN (
      SELECT position FROM piece WHERE NOT EXISTS (
        SELECT 1 FROM snapshot WHERE position >= first AND position < first + pieces
      ) LIMIT ${PIECES_A_TURN})`)
    while (remove.run().changes > 0) await nextTurn()
  }

  #findEnd(): number {
    return Number(
      this.#database.prepare('SELECT coalesce(max(position), 0) + 1 AS free FROM piece').get()?.free,
    )
  }

  /**
   * Moves the WAL into the database file. SQLite is told not to flush anything (`synchronous = OFF`), because it would block
   * the event loop. This flushes in SQLite's order: the WAL before its pages are copied, the database file before the WAL
   * is emptied, and the empty WAL before it is used again.
   */
  async #flush(): Promise<void> {
    await this.#syncWal()
    this.#database.exec('PRAGMA wal_checkpoint(PASSIVE)')
    await sync(this.#file)
    this.#database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    await this.#syncWal()
    if (!this.#folderIsSynced) await syncFolder(dirname(this.#path))
    this.#folderIsSynced = true
  }

  async #syncWal(): Promise<void> {
    const wal = await open(`${this.#path}-wal`, 'r+')
    try {
      await wal.datasync()
    } finally {
      await wal.close()
    }
  }
}

const sync = promisify(fdatasync)

/** Bytes of a row. */
const PIECE_BYTES = 2 ** 18
/** Rows that are read or removed in one turn of the event loop. */
const PIECES_A_TURN = 8
/** Bytes that the WAL may hold. One turn of the event loop copies all of them. */
const FLUSH_BYTES = 2 ** 22

function openDatabase(path: string): DatabaseSync {
  const sqlite = loadSqlite('sqliteStore')
  makePrivate(path, 'sqliteStore')
  const database = new sqlite.DatabaseSync(path, { timeout: 1_000 })
  try {
    database.exec(SCHEMA)
  } catch (cause) {
    database.close()
    const reason = (cause as Error).message
    const hint = reason.includes('locked') ? '; another process may have it open' : ''
    throw new Error(`sqliteStore: ${path} cannot be used: ${reason}${hint}`, { cause })
  }
  return database
}

// The lengths of the chunks are stored as 4 bytes each.
const SCHEMA = `
  PRAGMA locking_mode = EXCLUSIVE;
  PRAGMA page_size = 16384;
  PRAGMA journal_mode = WAL;
  PRAGMA wal_autocheckpoint = 0;
  PRAGMA synchronous = OFF;
  CREATE TABLE IF NOT EXISTS snapshot (
    id TEXT PRIMARY KEY,
    number INTEGER NOT NULL,
    first INTEGER NOT NULL,
    pieces INTEGER NOT NULL,
    sizes BLOB NOT NULL,
    checksum INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS piece (position INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
`

function encodeSizes(sizes: readonly number[]): Uint8Array {
  const bytes = Buffer.alloc(4 * sizes.length)
  for (const [i, size] of sizes.entries()) bytes.writeUInt32BE(size, 4 * i)
  return bytes
}

function decodeSizes(value: unknown): number[] {
  if (!(value instanceof Uint8Array) || value.length % 4 !== 0) throw new Error('its lengths are malformed')
  const view = new DataView(value.buffer, value.byteOffset, value.length)
  return Array.from({ length: value.length / 4 }, (_, i) => view.getUint32(4 * i))
}
