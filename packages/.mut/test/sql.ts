import type * as sqlite from 'node:sqlite'

export interface Row {
  readonly at: number
  readonly key: string
  readonly value: number
}

/** SQLite, or undefined where the runtime has none. */
export const DatabaseSync: typeof sqlite.DatabaseSync | undefined = await import('node:sqlite').then(
  (module) => module.DatabaseSync,
  () => undefined,
)

const BERLIN = new Intl.DateTimeFormat('en-CA', { timeZone: 'Europe/Berlin', dateStyle: 'short' })

/** The date in Berlin, as `2026-03-29`. */
export const berlinDate = (at: number): string => BERLIN.format(at)

/** What SQL says about the windows of these rows, as lines that are comparable. `id` is the order of arrival. */
export function createSqlWindows(rows: readonly Row[]) {
  if (DatabaseSync === undefined) throw new Error('the runtime has no node:sqlite')
  const database = new DatabaseSync(':memory:')
  database.exec('CREATE TABLE e (id INTEGER PRIMARY KEY, at INTEGER, key TEXT, value INTEGER, day TEXT)')
  const insert = database.prepare('INSERT INTO e (at, key, value, day) VALUES (?, ?, ?, ?)')
  database.exec('BEGIN')
  for (const { at, key, value } of rows) insert.run(at, key, value, berlinDate(at))
  database.exec('COMMIT')
  const lines = (sql: string, ...parameters: number[]) =>
    database
      .prepare(sql)
      // SQLite takes a number as a REAL, which it divides without rounding down.
      .all(...parameters.map(BigInt))
      .map((row) => Object.values(row).join(' '))
      .sort()

  return {
    tumbling: (size: number) =>
      lines('SELECT key, at / ?1 * ?1, COUNT(*), SUM(value), MAX(value) FROM e GROUP BY key, at / ?1', size),
    hopping: (size: number, every: number) =>
      lines(
        `WITH RECURSIVE hop(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM hop WHERE n + 1 < ?1 / ?2)
         SELECT key, (at / ?2 - n) * ?2 AS start, COUNT(*), SUM(value), MAX(value) FROM e, hop GROUP BY key, start`,
        size,
        every,
      ),
    sessions: (gap: number) =>
      lines(
        `WITH marked AS (
           SELECT *, CASE WHEN at - LAG(at) OVER (PARTITION BY key ORDER BY at, id) <= ?1 THEN 0 ELSE 1 END AS begins FROM e),
         numbered AS (SELECT *, SUM(begins) OVER (PARTITION BY key ORDER BY at, id ROWS UNBOUNDED PRECEDING) AS session FROM marked)
         SELECT key, MIN(at), COUNT(*), SUM(value), MAX(value) FROM numbered GROUP BY key, session`,
        gap,
      ),
    days: () => lines('SELECT key, day, COUNT(*), SUM(value), MAX(value) FROM e GROUP BY key, day'),
    /** Timestamps are whole numbers, so a window without its start begins 1 later. */
    sliding: (size: number) =>
      lines(
        `SELECT DISTINCT key, at - ${size}, COUNT(*) OVER w, SUM(value) OVER w, MAX(value) OVER w FROM e
         WINDOW w AS (PARTITION BY key ORDER BY at RANGE BETWEEN ${size - 1} PRECEDING AND CURRENT ROW)`,
      ),
    counts: (size: number) =>
      lines(
        `WITH numbered AS (SELECT *, ROW_NUMBER() OVER (PARTITION BY key ORDER BY id) - 1 AS n FROM e)
         SELECT key, n / ?1 * ?1, COUNT(*), SUM(value), MAX(value) FROM numbered GROUP BY key, n / ?1`,
        size,
      ),
    /** From the first window of a key to its last one with events, or to the last one that ends by the watermark. */
    filled: (size: number, watermark: number) =>
      lines(
        `WITH RECURSIVE series(key, start, last) AS (
           SELECT key, MIN(at) / ?1 * ?1, MAX(MAX(at) / ?1 * ?1, ?2 / ?1 * ?1 - ?1) FROM e GROUP BY key
           UNION ALL SELECT key, start + ?1, last FROM series WHERE start < last)
         , known AS MATERIALIZED (
           SELECT key, at / ?1 * ?1 AS start, COUNT(*) AS n, SUM(value) AS sum, MAX(value) AS max FROM e GROUP BY key, at / ?1)
         SELECT key, start, COALESCE(n, 0), sum, max FROM series LEFT JOIN known USING (key, start)`,
        size,
        watermark,
      ),
  }
}
