import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Target } from '../sink/message.ts'
import type { AppendOptions, EventLog, LogEntry, LoggedMessage, LogPage, LogPosition } from './event-log.ts'
import { formatId, locate, newEpoch } from './id.ts'

export interface SqliteLogOptions {
  /** The database file, made where it is missing; the directory must be there. */
  readonly path: string
  /** How many entries are kept; the oldest go first. Default 100,000. */
  readonly capacity?: number
  /** As for `memoryLog`. A database keeps to what it was made with. Default `'epoch'`. */
  readonly ids?: 'epoch' | 'message'
  /**
   * What survives: `'normal'` (the default), a crash of the process; `'full'`, also one of the machine, at the
   * cost of a disk flush for every message.
   */
  readonly synchronous?: 'normal' | 'full'
}

/**
 * A log in an SQLite database (node:sqlite, WAL): readers resume over a restart of the server, also over one
 * by `kill -9`. The file belongs to one process at a time, as another's events would not go live here; opening
 * it twice throws.
 */
export function sqliteLog({
  path,
  capacity = 100_000,
  ids = 'epoch',
  synchronous = 'normal',
}: SqliteLogOptions): EventLog {
  if (!Number.isSafeInteger(capacity) || capacity < 1) {
    throw new RangeError(`sqliteLog: capacity is ${capacity}; it must be a whole number, 1 or more`)
  }
  const database = open(path, synchronous)
  const epoch = epochOf(database)
  const insert = database.prepare(
    `INSERT INTO event (type, data, message_id, retry, topic, coalesce_key, target, source_id, trace)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  const bySource = database.prepare(`SELECT ${COLUMNS} FROM event WHERE source_id = ?`)
  const byMessageId = database.prepare('SELECT max(offset) AS offset FROM event WHERE message_id = ?')
  const after = database.prepare(`SELECT ${COLUMNS} FROM event WHERE offset > ? ORDER BY offset LIMIT ?`)
  const at = database.prepare(`SELECT ${COLUMNS} FROM event WHERE offset = ?`)
  const trim = database.prepare('DELETE FROM event WHERE offset <= ?')
  // Rows go in bulk, as a delete for each insert would double the work; what is past the capacity is not served.
  const trimEvery = Math.max(1, Math.min(1_000, Math.floor(capacity / 10)))
  let last = lastOffset(database)
  let oldest = Number(
    database.prepare('SELECT coalesce(min(offset), ?) AS offset FROM event').get(last + 1)?.offset,
  )

  return {
    append(message: LoggedMessage, target: Target, { sourceId }: AppendOptions = {}): LogEntry {
      const known = sourceId === undefined ? undefined : bySource.get(sourceId)
      if (known !== undefined) return entryOf(known)
      const { type, data, id, retry, topic, key, trace } = message
      const own = ids === 'message' && id !== undefined && id !== '' ? id : null
      // Not RETURNING with `get`, which reads its row before the commit, and so never hears that the disk is full.
      const { lastInsertRowid } = insert.run(
        type ?? null,
        data,
        own,
        retry ?? null,
        topic,
        key ?? null,
        JSON.stringify(target),
        sourceId ?? null,
        trace === undefined ? null : JSON.stringify(trace),
      )
      last = Number(lastInsertRowid)
      if (last - oldest + 1 >= capacity + trimEvery) trimTo(last - capacity)
      return { id: own ?? formatId(epoch, last), offset: last, message, target }
    },

    since(from: string | number, limit: number): LogPage {
      const span = { epoch, first: Math.max(oldest, last - capacity + 1), last }
      const { after: start, gap } = locate(idOf(from), span)
      const entries = after.all(start, limit).map(entryOf)
      const end = entries.at(-1)?.offset ?? start
      return {
        entries,
        end,
        more: end < last,
        gap: gap && { ...gap, from: typeof from === 'string' ? from : gap.from },
      }
    },

    head(): LogPosition {
      const row = at.get(last)
      return { id: row === undefined ? formatId(epoch, last) : entryOf(row).id, offset: last }
    },

    close() {
      if (database.isOpen) database.close()
    },
  }

  function trimTo(offset: number): void {
    try {
      trim.run(offset)
      oldest = offset + 1
    } catch {
      // The entry is in the log, so its append has not failed. The next one trims again, or tells what is wrong itself.
    }
  }

  function idOf(from: string | number): string {
    if (typeof from === 'number') return formatId(epoch, from)
    const known = ids === 'message' ? byMessageId.get(from)?.offset : undefined
    return typeof known === 'number' ? formatId(epoch, known) : from
  }

  function entryOf(row: Row): LogEntry {
    const offset = Number(row.offset)
    const messageId = text(row.message_id)
    const trace = text(row.trace)
    return {
      id: messageId ?? formatId(epoch, offset),
      offset,
      target: JSON.parse(String(row.target)),
      message: {
        type: text(row.type),
        data: textOf(row.data),
        id: messageId,
        retry: row.retry === null ? undefined : Number(row.retry),
        topic: textOf(row.topic),
        key: whole(row.coalesce_key),
        trace: trace === undefined ? undefined : JSON.parse(trace),
      },
    }
  }
}

type Row = NonNullable<ReturnType<StatementSync['get']>>

// What may hold a NUL comes as bytes: Node 22 ends a text there.
const COLUMNS = `offset, type, CAST(data AS BLOB) AS data, message_id, retry, CAST(topic AS BLOB) AS topic,
  CAST(coalesce_key AS BLOB) AS coalesce_key, target, trace`
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })

function whole(value: Row[string] | undefined): string | undefined {
  return value === null ? undefined : textOf(value)
}

function textOf(bytes: Row[string] | undefined): string {
  return utf8.decode(bytes as Uint8Array)
}

function text(value: Row[string] | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function open(path: string, synchronous: 'normal' | 'full'): DatabaseSync {
  const sqlite = builtinSqlite()
  const database = new sqlite.DatabaseSync(path, { timeout: 1_000 })
  try {
    database.exec(`
      PRAGMA locking_mode = EXCLUSIVE;
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = ${synchronous === 'full' ? 'FULL' : 'NORMAL'};
      ${SCHEMA}
    `)
    // A file may be older than this column.
    const trace = database.prepare("SELECT 1 FROM pragma_table_info('event') WHERE name = 'trace'").get()
    if (trace === undefined) database.exec('ALTER TABLE event ADD COLUMN trace TEXT')
  } catch (cause) {
    database.close()
    const why = (cause as Error).message
    const holder = why.includes('locked') ? '; another process may have it open' : ''
    throw new Error(`sqliteLog: ${path} cannot be used: ${why}${holder}`, { cause })
  }
  return database
}

/** Asked for when it is needed, as not every runtime that this package is for has it. */
function builtinSqlite(): typeof import('node:sqlite') {
  const sqlite = typeof process === 'undefined' ? undefined : process.getBuiltinModule?.('node:sqlite')
  if (sqlite === undefined) throw new Error('sqliteLog needs node:sqlite: Node 22.13 or newer, or Deno 2.2')
  return sqlite
}

// Offsets are never used twice (AUTOINCREMENT), not even when everything has been trimmed.
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS event (
    offset INTEGER PRIMARY KEY AUTOINCREMENT,
    type TEXT,
    data TEXT NOT NULL,
    message_id TEXT,
    retry INTEGER,
    topic TEXT NOT NULL,
    coalesce_key TEXT,
    target TEXT NOT NULL,
    source_id TEXT,
    trace TEXT
  ) STRICT;
  CREATE UNIQUE INDEX IF NOT EXISTS event_source ON event (source_id) WHERE source_id IS NOT NULL;
  CREATE INDEX IF NOT EXISTS event_message ON event (message_id) WHERE message_id IS NOT NULL;
  CREATE TABLE IF NOT EXISTS life (epoch TEXT NOT NULL) STRICT;
`

/** One life is that of the file: a restart goes on in it, a lost file begins another. */
function epochOf(database: DatabaseSync): string {
  const known = database.prepare('SELECT epoch FROM life').get()
  if (known !== undefined) return String(known.epoch)
  const epoch = newEpoch()
  database.prepare('INSERT INTO life (epoch) VALUES (?)').run(epoch)
  return epoch
}

function lastOffset(database: DatabaseSync): number {
  const row = database.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'event'").get()
  return Number(row?.seq ?? 0)
}
