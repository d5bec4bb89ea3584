import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { from, type OperatorFunction, Subject } from 'rxjs'
import { describe, expect, it } from 'vitest'
import {
  type Aggregates,
  countWindow,
  createProgress,
  hopping,
  type Progress,
  session,
  slidingWindow,
  tumbling,
  type WindowResult,
  windowAggregate,
} from '../src/index.ts'
import { berlinDate, createSqlWindows, DatabaseSync, type Row } from './sql.ts'

const DATA = fileURLToPath(
  new URL('../../../../shared/data/wikipedia-edits-2015-09-12.ndjson.gz', import.meta.url),
)
const MINUTE = 60_000
const UNLIMITED = 1e9

interface Arrival extends Row {
  readonly feed: string
}
type Shared = Pick<Parameters<typeof slidingWindow<Arrival, never, string>>[0], 'maxOutOfOrderness'> & {
  readonly progress?: Progress
  readonly feed?: (arrival: Arrival) => string
}
type Result = WindowResult<
  string,
  { readonly n: number; readonly sum: number | null; readonly max: number | null }
>
type Windows = (shared: Shared) => OperatorFunction<Arrival, Result>
type SqlWindows = ReturnType<typeof createSqlWindows>

const common = {
  timestamp: (a: Arrival) => a.at,
  key: (a: Arrival) => a.key,
  aggregates: (a: Aggregates<Arrival>) => ({
    n: a.count(),
    sum: a.sum((e) => e.value),
    max: a.max((e) => e.value),
  }),
  late: () => expect.unreachable('an event is late'),
}

const kinds: [name: string, windows: Windows, sql: (sql: SqlWindows, watermark: number) => string[]][] = [
  [
    'tumbling windows',
    (o) => windowAggregate(tumbling('1m'), { ...common, ...o }),
    (sql) => sql.tumbling(MINUTE),
  ],
  [
    'hopping windows',
    (o) => windowAggregate(hopping({ size: '10m', every: '1m' }), { ...common, ...o }),
    (sql) => sql.hopping(10 * MINUTE, MINUTE),
  ],
  ['sessions', (o) => windowAggregate(session('90s'), { ...common, ...o }), (sql) => sql.sessions(90_000)],
  [
    'days in Berlin',
    (o) => windowAggregate(tumbling({ calendar: 'day', timeZone: 'Europe/Berlin' }), { ...common, ...o }),
    (sql) => sql.days(),
  ],
  [
    'sliding windows',
    (o) => slidingWindow({ ...common, ...o, size: '5m' }),
    (sql) => sql.sliding(5 * MINUTE),
  ],
  [
    'windows with fill',
    (o) => windowAggregate(tumbling('1m'), { ...common, ...o, fill: true, maxEmpty: UNLIMITED }),
    (sql, watermark) => sql.filled(MINUTE, watermark),
  ],
]

/** One line for each result that stands, as the queries give them. */
function linesOf(results: readonly Result[], isDay: boolean): string[] {
  const standing = new Map<string, string>()
  for (const { key, window, value } of results) {
    const start = isDay ? berlinDate(window.start) : window.start
    // Every result is a newer revision of its window.
    standing.set(`${key} ${window.start}`, [key, start, value.n, value.sum, value.max].join(' '))
  }
  return [...standing.values()].sort()
}

function compare(
  rows: readonly Row[],
  watermark: number,
  run: (windows: Windows) => readonly Result[],
): void {
  const sql = createSqlWindows(rows)
  for (const [name, windows, query] of kinds) {
    const expected = query(sql, watermark)
    expect(expected.length, name).toBeGreaterThan(0)
    expect(linesOf(run(windows), name.startsWith('days')), name).toEqual(expected)
  }
}

function runAll(arrivals: readonly Arrival[], shared: Shared = {}) {
  return (windows: Windows) => {
    const results: Result[] = []
    from(arrivals)
      .pipe(windows(shared))
      .subscribe((result) => results.push(result))
    return results
  }
}

/** Feed `b` loses its connection for a third of the time, and then has what it missed replayed. */
function runFeeds(a: readonly Arrival[], b: readonly Arrival[]) {
  return (windows: Windows) => {
    const progress = createProgress()
    const [stateOfA, stateOfB] = [progress.feed('a').state, progress.feed('b').state]
    const source = new Subject<Arrival>()
    const results: Result[] = []
    source.pipe(windows({ progress, feed: ({ feed }) => feed })).subscribe((result) => results.push(result))
    stateOfA.next({ status: 'open' })
    stateOfB.next({ status: 'open' })
    let sentOfB = 0
    const catchUp = (to: number) => {
      for (; sentOfB < to; sentOfB++) source.next(b[sentOfB] as Arrival)
    }
    for (const [i, arrival] of a.entries()) {
      source.next(arrival)
      const share = i / a.length
      // Half as fast at first, away in the middle, and faster at the end.
      if (share < 1 / 3) catchUp(Math.floor((i * b.length) / a.length / 2))
      else if (share < 2 / 3) stateOfB.next({ status: 'waiting' })
      else {
        stateOfB.next({ status: 'open' })
        catchUp(Math.floor((i * b.length) / a.length))
      }
    }
    catchUp(b.length)
    source.complete()
    return results
  }
}

/** The same numbers in every run. */
function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    return state / 2 ** 31
  }
}

/** In time order, over a week in which Berlin changes its clocks, with bursts and pauses, and several at one moment. */
function createRows(random: () => number, length: number): Row[] {
  let at = Date.UTC(2026, 2, 26, 20)
  return Array.from({ length }, () => {
    const pause = random()
    if (pause > 0.3) at += Math.floor(random() * (pause > 0.98 ? 6 * 60 : 2) * MINUTE)
    return { at, key: 'abcde'[Math.floor(random() * 5)] as string, value: Math.floor(random() * 2001) - 1000 }
  })
}

/** Each row at its time or up to `disorder` later, between the others. */
function delay(rows: readonly Arrival[], disorder: number, random: () => number): Arrival[] {
  return rows
    .map((row) => ({ row, arrives: row.at + random() * disorder }))
    .sort((a, b) => a.arrives - b.arrives)
    .map(({ row }) => row)
}

const latest = (rows: readonly Row[]) => Math.max(...rows.slice(-1).map(({ at }) => at))

const withFeed = (rows: readonly Row[], feed = 'a'): Arrival[] => rows.map((row) => ({ ...row, feed }))

describe.skipIf(DatabaseSync === undefined)('windows and SQLite agree about random streams', () => {
  const seeds = [1, 2, 3, 4]

  it.each(seeds)('in the order of time, seed %i', (seed) => {
    const rows = createRows(createRandom(seed), 400)
    compare(rows, latest(rows), runAll(withFeed(rows)))
  })

  it.each(seeds)('out of order, seed %i', (seed) => {
    const random = createRandom(seed)
    const rows = createRows(random, 400)
    const arrivals = delay(withFeed(rows), 20 * MINUTE, random)
    compare(rows, latest(rows) - 20 * MINUTE, runAll(arrivals, { maxOutOfOrderness: 20 * MINUTE }))
  })

  it.each(seeds)('of two feeds at different speeds, one of which is away for a while, seed %i', (seed) => {
    const random = createRandom(seed)
    const [a, b] = [createRows(random, 300), createRows(random, 100)]
    compare([...a, ...b], Math.min(latest(a), latest(b)), runFeeds(withFeed(a, 'a'), withFeed(b, 'b')))
  })

  it.each(seeds)('in windows of a number of events, seed %i', (seed) => {
    const rows = createRows(createRandom(seed), 400)
    const results = runAll(withFeed(rows))(() => countWindow({ ...common, size: 7 }))
    expect(linesOf(results, false)).toEqual(createSqlWindows(rows).counts(7))
  })
})

const isMissing = !existsSync(DATA)
const title = `windows and SQLite agree about a day of Wikipedia${isMissing ? ' (skipped: there is no ../shared/data)' : ''}`

describe.skipIf(isMissing || DatabaseSync === undefined)(title, () => {
  const rows = isMissing ? [] : readRows()

  it('in the order of time', () => compare(rows, latest(rows), runAll(withFeed(rows))), 120_000)

  it('out of order by up to five minutes', () => {
    const arrivals = delay(withFeed(rows), 5 * MINUTE, createRandom(1))
    compare(rows, latest(rows) - 5 * MINUTE, runAll(arrivals, { maxOutOfOrderness: 5 * MINUTE }))
  }, 120_000)

  it('as two feeds at different speeds, one of which is away for a while', () => {
    const isEnglish = ({ key }: Row) => key === '#en.wikipedia'
    const [a, b] = [rows.filter(isEnglish), rows.filter((row) => !isEnglish(row))]
    compare([...a, ...b], Math.min(latest(a), latest(b)), runFeeds(withFeed(a, 'a'), withFeed(b, 'b')))
  }, 120_000)
})

function readRows(): Row[] {
  const text = gunzipSync(readFileSync(DATA)).toString('utf8')
  return text
    .trimEnd()
    .split('\n')
    .map((line) => {
      const { time, channel, delta } = JSON.parse(line) as { time: string; channel: string; delta: number }
      return { at: Date.parse(time), key: channel, value: delta }
    })
    .sort((x, y) => x.at - y.at)
}
