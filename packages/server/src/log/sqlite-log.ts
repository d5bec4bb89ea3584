import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { requireInteger } from '@rxsse/shared'
import { loadSqlite, makePrivate } from '@rxsse/shared/sqlite'
import { ANY, checkOptions, type OptionChecks, oneOf } from '../http/check-options.ts'
import type { Target } from '../sink/message.ts'
import type { TraceFields } from '../sink/tracing.ts'
import { isLine } from '../wire/line.ts'
import type {
  AppendOptions,
  EventLog,
  LogEntry,
  LogGap,
  LoggedMessage,
  LogPage,
  LogPosition,
  PageBounds,
} from './event-log.ts'
import { findId, findResumePoint, type ResumePoint, type Term } from './id.ts'
import { LocalTail } from './local-tail.ts'
import { SqliteTerms } from './sqlite-terms.ts'

export interface SqliteLogOptions {
  /** The database file. It is created if it does not exist, but its directory must exist. */
  readonly path: string
  /** The number of entries to keep. The oldest are deleted first. Default 100,000. */
  readonly capacity?: number
  /** As for `memoryLog`. Do not change it for an existing database. Default `'epoch'`. */
  readonly ids?: 'epoch' | 'message'
  /**
   * `'normal'` (the default) survives a crash of the process. `'full'` also survives a crash of the
   * machine, but flushes to disk for every message.
   */
  readonly synchronous?: 'normal' | 'full'
}

/**
 * A log in an SQLite database (node:sqlite, WAL). Clients resume after a restart of the server, also
 * after `kill -9`. Only one process may use the file at a time, because events of another one would
 * not be delivered here. Opening it twice throws. Only the user who owns the file can read it, and
 * a symbolic link in its place is not followed.
 *
 * If the file is put back from an older copy, or the machine crashes and the last entries are lost, clients that had seen
 * them get a `gap`.
 */
export function sqliteLog(options: SqliteLogOptions): EventLog {
  const { path, capacity = 100_000 } = checkOptions(options, CHECKS, 'sqliteLog: ')
  const { ids = 'epoch', synchronous = 'normal' } = options
  requireInteger(capacity, 'sqliteLog: capacity', 1)
  const database = open(path, synchronous)
  const statements = prepareStatements(database)
  // Rows are deleted in bulk: one delete for each insert would double the work. `since` does not
  // return the rows beyond the capacity.
  const trimEvery = Math.max(1, Math.min(1_000, Math.floor(capacity / 10)))
  const tail = new LocalTail()
  let last = readLastOffset(database)
  let oldest = readOldestOffset(database, last + 1)
  const terms = new SqliteTerms(database, last)

  return {
    append(message: LoggedMessage, target: Target, { sourceId }: AppendOptions = {}): LogEntry {
      const known = sourceId === undefined ? undefined : statements.bySourceId.get(sourceId)
      if (known !== undefined) return parseRow(known, terms.all)
      const { type, data, id, retry, topic, key, trace } = message
      const ownId = ids === 'message' && id !== undefined && id !== '' ? id : null
      terms.begin(last)
      // `get` with RETURNING would read its row before the commit and miss a full disk.
      const { lastInsertRowid } = statements.insert.run(
        type ?? null,
        data,
        ownId,
        retry ?? null,
        topic,
        key ?? null,
        JSON.stringify(target),
        sourceId ?? null,
        trace === undefined ? null : JSON.stringify(trace),
      )
      last = Number(lastInsertRowid)
      if (last - oldest + 1 >= capacity + trimEvery) trimTo(last - capacity)
      const entry = { id: ownId ?? findId(terms.all, last), offset: last, message, target }
      tail.deliver(entry)
      return entry
    },

    since(from: string | number, bounds: PageBounds): LogPage {
      const range = { terms: terms.all, first: Math.max(oldest, last - capacity + 1), last }
      const start = findResumePoint(resolveId(from), range)
      const { entries, end, gap } = readEntries(statements.after, start, bounds, terms.all)
      return {
        entries,
        end,
        more: end < last,
        gap: gap && { ...gap, from: typeof from === 'string' ? from : gap.from },
      }
    },

    head,
    tail: (listener) => tail.listen(listener, head()),

    close() {
      if (database.isOpen) database.close()
      tail.end(new Error('sqliteLog: the log is closed'))
    },
  }

  function head(): LogPosition {
    const row = statements.byOffset.get(last)
    const id = row === undefined ? undefined : parseRow(row, terms.all).id
    return { id: isLine(id) && id !== '' ? id : findId(terms.all, last), offset: last }
  }

  function trimTo(offset: number): void {
    try {
      statements.trim.run(offset)
      oldest = offset + 1
    } catch {
      // The entry is in the log, so `append` has not failed. The next `append` trims again.
    }
  }

  /** The log's own id for an offset or a message's id. Any other id stays as it is. */
  function resolveId(from: string | number): string {
    if (typeof from === 'number') return findId(terms.all, from)
    const known = ids === 'message' ? statements.byMessageId.get(from)?.offset : undefined
    return typeof known === 'number' ? findId(terms.all, known) : from
  }
}

const CHECKS: OptionChecks<SqliteLogOptions> = {
  path: ANY,
  capacity: ANY,
  ids: oneOf('epoch', 'message'),
  synchronous: oneOf('normal', 'full'),
}

// Text with NUL is read as bytes, because Node 22 cuts text at NUL. Reading an integer that a number
// cannot represent would throw, so `retry` is read as a float.
const COLUMNS = `offset, type, ${selectText('data')}, message_id, CAST(retry AS REAL) AS retry,
  ${selectText('topic')}, ${selectText('coalesce_key')}, target, trace`

function selectText(column: string): string {
  return `CASE WHEN instr(${column}, char(0)) THEN CAST(${column} AS BLOB) ELSE ${column} END AS ${column}`
}

function prepareStatements(database: DatabaseSync): Record<StatementName, StatementSync> {
  return {
    insert: database.prepare(
      `INSERT INTO event (type, data, message_id, retry, topic, coalesce_key, target, source_id, trace)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    bySourceId: database.prepare(`SELECT ${COLUMNS} FROM event WHERE source_id = ?`),
    byMessageId: database.prepare('SELECT max(offset) AS offset FROM event WHERE message_id = ?'),
    after: database.prepare(`SELECT ${COLUMNS} FROM event WHERE offset > ? ORDER BY offset LIMIT ?`),
    byOffset: database.prepare(`SELECT ${COLUMNS} FROM event WHERE offset = ?`),
    trim: database.prepare('DELETE FROM event WHERE offset <= ?'),
  }
}

/** The entries after a resume point. If somebody has deleted rows, they end there, or begin with a gap. */
function readEntries(
  select: StatementSync,
  { after, gap: found }: ResumePoint,
  { limit, maxBytes = Number.POSITIVE_INFINITY }: PageBounds,
  terms: readonly Term[],
): { entries: LogEntry[]; end: number; gap: LogGap | undefined } {
  const entries: LogEntry[] = []
  let gap = found
  let bytes = 0
  let end = after
  while (entries.length < limit && bytes < maxBytes) {
    const rows = select.all(end, Math.min(limit - entries.length, ROWS_AT_ONCE))
    for (const row of rows) {
      const entry = parseRow(row, terms)
      const before = entry.offset - 1
      if (before > end) {
        if (entries.length > 0) return { entries, end, gap }
        const to = { id: findId(terms, before), offset: before }
        const missed = gap === undefined ? before - end : undefined
        gap = { ...(gap ?? { reason: 'trimmed', from: findId(terms, after) }), to, missed }
      }
      entries.push(entry)
      bytes += entry.message.data.length
      end = entry.offset
    }
    if (rows.length < ROWS_AT_ONCE) break
  }
  return { entries, end, gap }
}

/** Rows to read before their bytes are counted. */
const ROWS_AT_ONCE = 16

type StatementName = 'insert' | 'bySourceId' | 'byMessageId' | 'after' | 'byOffset' | 'trim'

type Row = NonNullable<ReturnType<StatementSync['get']>>

/** The row as an entry. Something else may have written the file, so the sink checks its entries. */
function parseRow(row: Row, terms: readonly Term[]): LogEntry {
  const offset = Number(row.offset)
  const messageId = parseText(row.message_id)
  const trace = parseText(row.trace)
  return {
    id: messageId ?? findId(terms, offset),
    offset,
    target: parseJson(String(row.target)) as Target,
    message: {
      type: parseText(row.type),
      data: decodeText(row.data),
      id: messageId,
      retry: row.retry === null ? undefined : Number(row.retry),
      topic: decodeText(row.topic),
      key: row.coalesce_key === null ? undefined : decodeText(row.coalesce_key),
      trace: trace === undefined ? undefined : (parseJson(trace) as TraceFields),
    },
  }
}

/** Null if it is no JSON: then no check accepts it. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function parseText(value: Row[string] | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function decodeText(value: Row[string] | undefined): string {
  return typeof value === 'string' ? value : UTF8.decode(value as Uint8Array)
}

const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true })

function open(path: string, synchronous: 'normal' | 'full'): DatabaseSync {
  const sqlite = loadSqlite('sqliteLog')
  makePrivate(path, 'sqliteLog')
  const database = new sqlite.DatabaseSync(path, { timeout: 1_000 })
  try {
    database.exec(`
      PRAGMA locking_mode = EXCLUSIVE;
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = ${synchronous === 'full' ? 'FULL' : 'NORMAL'};
      ${SCHEMA}
    `)
    // Older files do not have this column.
    const trace = database.prepare("SELECT 1 FROM pragma_table_info('event') WHERE name = 'trace'").get()
    if (trace === undefined) database.exec('ALTER TABLE event ADD COLUMN trace TEXT')
  } catch (cause) {
    database.close()
    const reason = (cause as Error).message
    const hint = reason.includes('locked') ? '; another process may have it open' : ''
    throw new Error(`sqliteLog: ${path} cannot be used: ${reason}${hint}`, { cause })
  }
  return database
}

// AUTOINCREMENT never uses an offset twice, even if all rows have been deleted.
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
`

function readLastOffset(database: DatabaseSync): number {
  const row = database.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'event'").get()
  return Number(row?.seq ?? 0)
}

function readOldestOffset(database: DatabaseSync, ifEmpty: number): number {
  const row = database.prepare('SELECT coalesce(min(offset), ?) AS offset FROM event').get(ifEmpty)
  return Number(row?.offset)
}
