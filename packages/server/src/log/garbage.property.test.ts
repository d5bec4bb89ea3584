import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { referenceParse } from '@rxsse/testing'
import fc from 'fast-check'
import { expect, it, onTestFinished } from 'vitest'
import { createSink, type Sink } from '../sink/sink.ts'
import type { EventLog, LogEntry, LogPage, LogPosition, TailListener } from './event-log.ts'
import { memoryLog } from './memory-log.ts'
import { sqliteLog } from './sqlite-log.ts'

const hostileText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 8 }),
  // On the wire, these would become events of their own.
  fc.constantFrom('a\n\ndata: sound 9\n\n', 'a\r\rdata: sound 9\r\r'),
  fc.constantFrom('', 'a\nb', 'a\rb', 'a\0b', '\0disconnect', 'all', '{', '{"room":"r"}', '\ud800'),
)

const hostileValue = fc.oneof(
  hostileText,
  fc.anything({ maxDepth: 2, withBigInt: true, withDate: true, withNullPrototype: true }),
  fc.constantFrom(undefined, null, Number.NaN, -1, 1.5, 2 ** 60, true),
)

/** Anything, or an entry of which some fields are anything. */
const garbage = fc.oneof(
  { weight: 1, arbitrary: hostileValue },
  {
    weight: 4,
    arbitrary: fc.record(
      {
        id: hostileValue,
        offset: hostileValue,
        message: fc.oneof(
          hostileValue,
          fc.record(
            {
              type: hostileValue,
              data: hostileValue,
              topic: hostileValue,
              id: hostileValue,
              retry: hostileValue,
              key: hostileValue,
              trace: hostileValue,
            },
            { requiredKeys: [] },
          ),
        ),
        target: fc.oneof(
          hostileValue,
          fc.record({ room: hostileValue, user: hostileValue }, { requiredKeys: [] }),
        ),
      },
      { requiredKeys: [] },
    ),
  },
)

/** The log returns garbage at some places, beside the sound entry that belongs there or instead of it. */
function createGarbageLog(pieces: readonly (readonly unknown[])[]): EventLog & { hear(): void } {
  const { tail: _tail, ...log } = memoryLog()
  const mix = (entries: readonly LogEntry[]) =>
    entries.flatMap((entry) => [...(pieces[entry.offset] ?? []), entry]) as LogEntry[]
  let listener: TailListener = () => {}
  let heard = 0
  return {
    ...log,
    since(after, bounds) {
      const page = log.since(after, bounds) as LogPage
      return { ...page, entries: mix(page.entries) }
    },
    tail(listen) {
      listener = listen
      const position = log.head() as LogPosition
      heard = position.offset
      return { position, stop() {} }
    },
    hear() {
      const page = log.since(heard, { limit: 1_000 }) as LogPage
      heard = page.end
      listener(mix(page.entries))
    },
  }
}

function openSink(log: EventLog): { sink: Sink; errors: unknown[] } {
  const errors: unknown[] = []
  const sink = createSink({ log, heartbeat: false, retry: false, onError: (error) => errors.push(error) })
  return { sink, errors }
}

/** Reads until the text contains `last`. */
async function readUntil(sink: Sink, last: string, headers: Record<string, string> = {}) {
  const { body } = await sink.fetch(new Request('http://localhost/', { headers }))
  const reader = (body as ReadableStream<Uint8Array>).getReader()
  return async () => {
    const chunks: Uint8Array[] = []
    while (!Buffer.concat(chunks).includes(`data: ${last}\n\n`)) {
      const { value, done } = await reader.read()
      if (done) throw new Error('the stream ended')
      chunks.push(value)
    }
    await reader.cancel()
    return referenceParse(Buffer.concat(chunks)).events
  }
}

const SOUND = ['sound 1', 'sound 2', 'sound 3', 'sound 4', 'last']

it('clients that resume or are live get every sound entry in order, whatever else a log returns', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(garbage, { maxLength: 3 }), { minLength: 6, maxLength: 6 }),
      async (pieces) => {
        const log = createGarbageLog(pieces)
        const { id } = await log.head()
        const { sink, errors } = openSink(log)
        const live = await readUntil(sink, 'last')
        for (const data of SOUND) await log.append({ data, topic: 'message' }, 'all')
        log.hear()
        const resumed = await readUntil(sink, 'last', { 'last-event-id': id })
        const again = await readUntil(sink, 'last', { 'last-event-id': id })
        for (const read of [live, resumed, again]) {
          const events = await read()
          const sound = events.filter(({ data }) => data === 'last' || data.startsWith('sound'))
          expect(sound.map(({ data }) => data)).toEqual(SOUND)
        }
        expect(errors.every((error) => (error as Error).name === 'LogEntryError')).toBe(true)
        expect(sink.stats().refused).toBe(errors.length)
        await sink.close()
        expect(sink.stats()).toMatchObject({ connections: 0, pending: 0 })
      },
    ),
    { numRuns: 300 },
  )
})

it('clients get every sound row of a sqliteLog in order, whatever else wrote to its file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'rxsse-garbage-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  let file = 0
  const cell = fc.oneof(hostileText, fc.constantFrom('{"user":"u","room":"r"}', '"all"', '{}', '[]', 'null'))
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.tuple(cell, cell, cell, cell, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), cell),
        {
          maxLength: 6,
        },
      ),
      async (rows) => {
        const path = join(folder, `${++file}.db`)
        const before = sqliteLog({ path })
        const { id } = await before.head()
        await before.append({ data: 'sound 1', topic: 'message' }, 'all')
        await before.close()
        const database = new DatabaseSync(path)
        const insert = database.prepare(
          'INSERT INTO event (type, data, message_id, topic, retry, target) VALUES (?, ?, ?, ?, ?, ?)',
        )
        for (const [type, data, messageId, topic, retry, target] of rows) {
          insert.run(type, `bad ${data}`, messageId, topic, retry, target)
        }
        database.close()
        const log = sqliteLog({ path })
        const { sink, errors } = openSink(log)
        await sink.publish({ data: 'last' })
        const read = await readUntil(sink, 'last', { 'last-event-id': id })
        const events = await read()
        const sound = events.filter(({ data }) => data === 'last' || data.startsWith('sound'))
        expect(sound.map(({ data }) => data)).toEqual(['sound 1', 'last'])
        expect(sink.stats().refused).toBe(errors.length)
        await sink.close()
      },
    ),
    { numRuns: 60 },
  )
})
