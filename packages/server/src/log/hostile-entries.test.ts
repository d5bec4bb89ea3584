import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openReader } from '../../test/reader.ts'
import { serve } from '../../test/serve.ts'
import { createTailedLog } from '../../test/tailed-log.ts'
import type { Newcomers } from '../replay/newcomers.ts'
import { createSink, type Sink } from '../sink/sink.ts'
import type { SinkOptions } from '../sink/sink-options.ts'
import type { EventLog, LogEntry, TailListener } from './event-log.ts'
import { memoryLog } from './memory-log.ts'
import { sqliteLog } from './sqlite-log.ts'

/** What is wrong with an entry, as changes of a sound one. */
const FAULTS: readonly (readonly [string, (entry: LogEntry) => unknown])[] = [
  ['no entry at all', () => null],
  ['data that is a number', (entry) => withMessage(entry, { data: 7 })],
  ['no data', (entry) => withMessage(entry, { data: undefined })],
  ['no message', (entry) => ({ ...entry, message: null })],
  ['no topic', (entry) => withMessage(entry, { topic: undefined })],
  ['a line feed in its type', (entry) => withMessage(entry, { type: 'a\ndata: forged' })],
  ['a carriage return in its type', (entry) => withMessage(entry, { type: 'a\rdata: forged' })],
  ['NUL in its type', (entry) => withMessage(entry, { type: 'a\0b' })],
  ['a type that is an object', (entry) => withMessage(entry, { type: { a: 1 } })],
  ['a line feed in its id', (entry) => ({ ...entry, id: 'a\ndata: forged\n' })],
  ['an empty id', (entry) => ({ ...entry, id: '' })],
  ['no id', (entry) => ({ ...entry, id: undefined })],
  ['a retry that is text', (entry) => withMessage(entry, { retry: '1\ndata: forged' })],
  ['a retry of a fraction', (entry) => withMessage(entry, { retry: 1.5 })],
  ['a key that is a number', (entry) => withMessage(entry, { key: 1 })],
  ['a trace that is text', (entry) => withMessage(entry, { trace: 'x' })],
  ['no target', (entry) => ({ ...entry, target: undefined })],
  ['an unknown target', (entry) => ({ ...entry, target: 'everyone' })],
  ['an empty target', (entry) => ({ ...entry, target: {} })],
  ['a room and a user as target', (entry) => ({ ...entry, target: { room: 'r', user: 'u' } })],
  ['a room that is a list', (entry) => ({ ...entry, target: { room: ['r'] } })],
  ['an offset that is text', (entry) => ({ ...entry, offset: `${entry.offset}` })],
  ['an offset that is no number', (entry) => ({ ...entry, offset: Number.NaN })],
  ['the offset of the entry before it', (entry) => ({ ...entry, offset: entry.offset - 1 })],
  ['an offset far ahead', (entry) => ({ ...entry, offset: 1_000_000_000 })],
  ['an offset far behind', (entry) => ({ ...entry, offset: -5 })],
]

function withMessage(entry: LogEntry, changes: object): unknown {
  return { ...entry, message: { ...entry.message, ...changes } }
}

async function serveLog(
  log: EventLog,
  options: SinkOptions = {},
): Promise<{ sink: Sink; url: string; errors: Error[] }> {
  const errors: Error[] = []
  const onError = (error: unknown) => errors.push(error as Error)
  const sink = createSink({ ...options, log, onError, heartbeat: false })
  onTestFinished(() => sink.close())
  return { sink, url: await serve(sink.handler), errors }
}

/** Replaces the entry with data 'bad' in everything that is read from the log. */
function spoil(log: EventLog, change: (entry: LogEntry) => unknown): EventLog {
  const map = (entries: readonly LogEntry[]) =>
    entries.map((entry) => (entry.message.data === 'bad' ? (change(entry) as LogEntry) : entry))
  return {
    ...log,
    async since(...args) {
      const page = await log.since(...args)
      return { ...page, entries: map(page.entries) }
    },
    ...(log.tail && {
      tail: (listener) => log.tail?.((entries, gap) => listener(map(entries), gap)) as never,
    }),
  }
}

describe.each(FAULTS)('an entry with %s', (_name, change) => {
  it('is left out of a replay, counted and told once, and nobody else is affected', async () => {
    const log = spoil(memoryLog(), change)
    const { id } = await log.head()
    for (const data of ['1', '2', 'bad', '3']) await log.append({ data, topic: 'message' }, 'all')
    const { sink, url, errors } = await serveLog(log)
    const live = await openReader(url)
    const resuming = await Promise.all(
      [1, 2, 3].map(() => openReader(url, { headers: { 'last-event-id': id } })),
    )
    for (const reader of resuming) await reader.take(3)
    await sink.publish({ data: 'live' })
    for (const reader of [...resuming, live]) await reader.until(({ text }) => text().includes('live'))
    for (const reader of resuming) {
      expect(reader.events().map(({ data }) => data)).toEqual(['1', '2', '3', 'live'])
      expect(reader.text()).not.toContain('forged')
    }
    expect(errors.map(({ name }) => name)).toEqual(['LogEntryError'])
    expect(sink.stats()).toMatchObject({ refused: 1, connections: 4 })
  })

  it.each<[string, Newcomers]>([
    ['earliest', 'earliest'],
    ['last', { last: 10 }],
    ['latestByKey', { latestByKey: ({ data }) => data }],
    ['latestByKey without an index', { latestByKey: ({ data }) => data, maxBytes: 0 }],
  ])('is left out of what newcomers get, and counted and told once: %s', async (_kind, newcomers) => {
    const log = spoil(memoryLog(), change)
    for (const data of ['1', '2', 'bad', '3']) await log.append({ data, topic: 'message' }, 'all')
    const { sink, url, errors } = await serveLog(log, { newcomers })
    for (let n = 0; n < 2; n++) {
      const reader = await openReader(url)
      expect((await reader.take(3)).map(({ data }) => data)).toEqual(['1', '2', '3'])
    }
    expect(errors.map(({ name }) => name)).toEqual(['LogEntryError'])
    expect(sink.stats()).toMatchObject({ refused: 1, connections: 2 })
  })

  it('is left out of a tail, counted and told once, and nobody else is affected', async () => {
    const tailed = createTailedLog()
    const { sink, url, errors } = await serveLog(spoil(tailed, change))
    tailed.start()
    const { id } = await tailed.head()
    const live = await openReader(url)
    await live.until(({ interpret }) => interpret().lastEventId === id)
    for (const data of ['1', '2', 'bad', '3']) await tailed.append({ data, topic: 'message' }, 'all')
    await tailed.deliver()
    await live.take(3)
    const resuming = await openReader(url, { headers: { 'last-event-id': id } })
    await resuming.take(3)
    await tailed.append({ data: 'live', topic: 'message' }, 'all')
    await tailed.deliver()
    for (const reader of [live, resuming]) {
      await reader.take(4)
      expect(reader.events().map(({ data }) => data)).toEqual(['1', '2', '3', 'live'])
    }
    expect(errors.map(({ name }) => name)).toEqual(['LogEntryError'])
    expect(sink.stats()).toMatchObject({ refused: 1, connections: 2 })
  })
})

describe('an entry whose offset is too far ahead, alone at the end of what a tail brings,', () => {
  it('does not cost the entries that follow', async () => {
    const tailed = createTailedLog()
    const { sink, url } = await serveLog(spoil(tailed, (entry) => ({ ...entry, offset: 1_000_000_000 })))
    tailed.start()
    const { id } = await tailed.head()
    const live = await openReader(url)
    await live.until(({ interpret }) => interpret().lastEventId === id)
    for (const data of ['1', 'bad', '2', '3']) {
      await tailed.append({ data, topic: 'message' }, 'all')
      await tailed.deliver()
    }
    await live.until(({ text }) => text().includes('data: 3'))
    const data = live.events().map((event) => event.data)
    expect(data.filter((each) => each !== 'bad')).toEqual(['1', '2', '3'])
    const resuming = await openReader(url, { headers: { 'last-event-id': id } })
    await tailed.append({ data: 'live', topic: 'message' }, 'all')
    await tailed.deliver()
    for (const reader of [live, resuming]) await reader.until(({ text }) => text().includes('data: live'))
    expect(sink.stats().connections).toBe(2)
  })
})

describe('entries that a tail brings again', () => {
  it('are left out', async () => {
    const log = memoryLog()
    let listen: TailListener = () => {}
    const { url } = await serveLog({
      ...log,
      async tail(listener) {
        listen = listener
        return { position: await log.head(), stop() {} }
      },
    })
    const reader = await openReader(url)
    await reader.until(({ interpret }) => interpret().lastEventId !== '')
    const entries: LogEntry[] = []
    for (const data of ['1', '2', '3', '4']) entries.push(await log.append({ data, topic: 'message' }, 'all'))
    listen(entries.slice(0, 3))
    listen(entries.slice(1, 3))
    listen(entries.slice(2, 3))
    listen(entries.slice(2))
    await reader.take(4)
    expect(reader.events().map(({ data }) => data)).toEqual(['1', '2', '3', '4'])
  })
})

describe('a page that holds nothing but malformed entries', () => {
  it('does not stop a client that resumes', async () => {
    const log = memoryLog()
    const { id } = await log.head()
    for (let n = 1; n <= 600; n++) {
      await log.append({ data: n === 600 ? 'good' : 'bad', topic: 'message' }, 'all')
    }
    const { sink, url } = await serveLog(spoil(log, (entry) => ({ ...entry, target: undefined })))
    const reader = await openReader(url, { headers: { 'last-event-id': id } })
    expect((await reader.take(1)).map(({ data }) => data)).toEqual(['good'])
    expect(sink.stats().refused).toBe(599)
  })
})

describe('rows of a sqliteLog that something else wrote', () => {
  it.each([
    ['broken JSON as target', `target = '{"room":'`],
    ['a target of nobody', `target = '{}'`],
    ['a target of a room and a user', `target = '{"room":"r","user":"u"}'`],
    ['a line feed in the type', `type = 'a' || char(10) || 'data: forged'`],
    ['a line feed in the id', `message_id = 'a' || char(10) || 'data: forged'`],
    ['a retry that no number can hold', 'retry = 9223372036854775807'],
    ['a negative retry', 'retry = -1'],
    ['broken JSON as trace', `trace = '{'`],
  ])('with %s are left out, counted and told once', async (_name, change) => {
    const folder = mkdtempSync(join(tmpdir(), 'rxsse-hostile-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const path = join(folder, 'events.db')
    const before = sqliteLog({ path })
    const { id } = await before.head()
    for (const data of ['1', 'bad', '3']) await before.append({ data, topic: 'message' }, 'all')
    await before.close()
    const database = new DatabaseSync(path)
    database.exec(`UPDATE event SET ${change} WHERE data = 'bad'`)
    database.close()
    const { sink, url, errors } = await serveLog(sqliteLog({ path }))
    for (let n = 1; n <= 2; n++) {
      const reader = await openReader(url, { headers: { 'last-event-id': id } })
      expect((await reader.take(2)).map(({ data }) => data)).toEqual(['1', '3'])
      expect(reader.text()).not.toContain('forged')
    }
    expect(errors.map(({ name }) => name)).toEqual(['LogEntryError'])
    expect(sink.stats().refused).toBe(1)
  })
})

describe('a log that breaks its contract', () => {
  const broken: readonly (readonly [string, object])[] = [
    ['a page that is null', { since: () => null }],
    ['a page without entries', { since: () => ({ end: 0, more: false }) }],
    ['a page that never ends', { since: () => ({ entries: [], end: 0, more: true }) }],
    [
      'a gap with a line feed',
      {
        since: () => ({
          entries: [],
          end: 0,
          more: false,
          gap: { reason: 'epoch', from: 'x', to: { id: 'a\ndata: forged', offset: 0 } },
        }),
      },
    ],
  ]
  it.each(broken)('with %s costs only the client that resumes', async (_name, changes) => {
    const { sink, url, errors } = await serveLog({ ...memoryLog(), ...changes } as EventLog)
    const live = await openReader(url)
    const reader = await openReader(url, { headers: { 'last-event-id': 'x' } })
    expect(await reader.ended).toBe('cut')
    expect(reader.text()).not.toContain('forged')
    await sink.publish({ data: 'live' })
    await live.take(1)
    expect(errors).toMatchObject([{ name: 'TypeError' }])
  })

  it('with a head that is no position is told, and messages are delivered', async () => {
    const { tail: _tail, ...log } = memoryLog()
    const { sink, url, errors } = await serveLog({
      ...log,
      head: () => ({ id: 'a\ndata: forged', offset: 0 }),
    })
    const reader = await openReader(url)
    await sink.publish({ data: 'live' })
    await reader.take(1)
    expect(reader.text()).not.toContain('forged')
    expect(errors).toMatchObject([{ name: 'TypeError' }])
  })

  it('with an entry that is malformed as it is appended rejects the message', async () => {
    const log = memoryLog()
    const { sink } = await serveLog({
      ...log,
      append: async (...args) => ({ ...(await log.append(...args)), id: 'a\nb' }),
    })
    await expect(sink.publish({ data: 1 })).rejects.toMatchObject({ code: 'log' })
  })
})
