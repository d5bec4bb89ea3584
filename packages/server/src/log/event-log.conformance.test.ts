import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { copies, openInWorker } from '../../test/cluster-channel.ts'
import type { Target } from '../sink/message.ts'
import type { EventLog, LogEntry, LoggedMessage, LogPage } from './event-log.ts'
import { memoryLog } from './memory-log.ts'
import { sqliteLog } from './sqlite-log.ts'

interface Options {
  readonly capacity?: number
  readonly ids?: 'epoch' | 'message'
}

const logs: [string, (options?: Options) => EventLog][] = [
  ['memoryLog', memoryLog],
  ['sqliteLog', (options) => sqliteLog({ path: temporaryFile(), ...options })],
  ['clusterLog in a worker, JSON', (options) => openInWorker(memoryLog(options), copies.json)],
  [
    'clusterLog in a worker, advanced serialization',
    (options) => openInWorker(sqliteLog({ path: temporaryFile(), ...options }), copies.advanced),
  ],
]

function temporaryFile(): string {
  const directory = mkdtempSync(join(tmpdir(), 'rxsse-log-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return join(directory, 'events.db')
}

const message = (data: string, extra: Partial<LoggedMessage> = {}): LoggedMessage => ({
  data,
  topic: 'message',
  ...extra,
})

describe.each(logs)('%s', (_name, open) => {
  function openLog(options?: Options): EventLog {
    const log = open(options)
    onTestFinished(() => log.close())
    return log
  }

  it('numbers its entries from 1, in one epoch', async () => {
    const log = openLog()
    const { id: before, offset } = await log.head()
    expect(offset).toBe(0)
    const epoch = before.replace(/-0$/, '')
    expect(await log.append(message('a'), 'all')).toMatchObject({ id: `${epoch}-1`, offset: 1 })
    expect(await log.append(message('b'), 'all')).toMatchObject({ id: `${epoch}-2`, offset: 2 })
    expect(await log.head()).toMatchObject({ id: `${epoch}-2`, offset: 2 })
  })

  it('returns entries as they were appended', async () => {
    const log = openLog()
    const { id } = await log.head()
    const given: [LoggedMessage, Target][] = [
      [message('plain'), 'all'],
      [message('', { type: 't', retry: 0, topic: 'other', key: 'k' }), { room: 'é' }],
      [message('traced', { trace: { traceparent: '00-1-2-01', tracestate: 'a=b' } }), 'all'],
      [message('two\nlines\u0000\ud83d\ude00'), { user: '42' }],
      [message('\ufeffmarked', { topic: 'a\u0000b', key: '\u0000k' }), 'all'],
    ]
    for (const [each, target] of given) await log.append(each, target)
    const { entries } = await log.since(id, { limit: 10 })
    expect(entries.map((entry) => [entry.message, entry.target])).toEqual(
      given.map(([each, target]) => [expect.objectContaining(each), target]),
    )
    // Fields that were not given stay undefined.
    const { type, id: messageId, retry, key, trace } = entries[0]?.message ?? {}
    expect([type, messageId, retry, key, trace]).toEqual(Array(5).fill(undefined))
  })

  it('returns entries in pages', async () => {
    const log = openLog()
    const { id } = await log.head()
    for (let n = 1; n <= 5; n++) await log.append(message(`${n}`), 'all')
    const first = await log.since(id, { limit: 2 })
    expect(first).toMatchObject({ end: 2, more: true })
    expect(first.entries.map((entry) => entry.message.data)).toEqual(['1', '2'])
    const second = await log.since(first.end, { limit: 3 })
    expect(second).toMatchObject({ end: 5, more: false, gap: undefined })
    expect(second.entries.map((entry) => entry.message.data)).toEqual(['3', '4', '5'])
    expect(await log.since(second.end, { limit: 3 })).toMatchObject({ entries: [], end: 5, more: false })
  })

  it('returns pages of about `maxBytes`, with at least one entry', async () => {
    const log = openLog()
    const { id } = await log.head()
    for (let n = 1; n <= 60; n++) await log.append(message(`${n}`.padEnd(1_000)), 'all')
    const sizes: number[] = []
    let after: string | number = id
    const read: string[] = []
    for (let more = true; more; ) {
      const page: LogPage = await log.since(after, { limit: 100, maxBytes: 2_500 })
      sizes.push(page.entries.length)
      read.push(...page.entries.map((entry) => entry.message.data.trim()))
      after = page.end
      more = page.more
    }
    expect(read).toEqual(Array.from({ length: 60 }, (_each, n) => `${n + 1}`))
    // A log may read a few entries beyond the bound, but not the whole of its limit.
    expect(Math.max(...sizes)).toBeLessThanOrEqual(16)
    expect((await log.since(id, { limit: 5, maxBytes: 1 })).entries.length).toBeGreaterThanOrEqual(1)
  })

  it('adds a message once for each source id', async () => {
    const log = openLog({ capacity: 3 })
    const first = await log.append(message('a'), 'all', { sourceId: 's' })
    await log.append(message('b'), 'all')
    expect(await log.append(message('a'), 'all', { sourceId: 's' })).toMatchObject({
      id: first.id,
      offset: 1,
    })
    expect((await log.head()).offset).toBe(2)
  })

  it('uses its own ids by default, not those of messages', async () => {
    const log = openLog()
    const { id: before } = await log.head()
    const entry = await log.append(message('a', { id: 'mine' }), 'all')
    expect(entry.id).toBe(before.replace(/0$/, '1'))
    expect((await log.since('mine', { limit: 5 })).gap).toMatchObject({ reason: 'unknown' })
    expect((await log.since(before, { limit: 5 })).entries.map(({ id }) => id)).toEqual([entry.id])
  })

  it("uses the messages' own ids if asked to", async () => {
    const log = openLog({ ids: 'message', capacity: 2 })
    const { id: before } = await log.head()
    await log.append(message('a', { id: 'ą' }), 'all')
    expect(await log.head()).toEqual({ id: 'ą', offset: 1 })
    expect((await log.append(message('reset', { id: '' }), 'all')).id).toBe(before.replace(/0$/, '2'))
    await log.append(message('b', { id: 'b' }), 'all')
    await log.append(message('c'), 'all')
    const { entries, gap } = await log.since('b', { limit: 5 })
    expect(gap).toBeUndefined()
    expect(entries.map(({ message: { data } }) => data)).toEqual(['c'])
    expect(await log.since(entries[0]?.id ?? '', { limit: 5 })).toMatchObject({ entries: [], gap: undefined })
    expect((await log.since('never', { limit: 5 })).gap).toMatchObject({ reason: 'unknown', from: 'never' })
  })

  it('finds an entry by source id and by message id as long as it holds the entry', async () => {
    const log = openLog({ ids: 'message', capacity: 2 })
    await log.append(message('a', { id: 'one' }), 'all', { sourceId: 's' })
    await log.append(message('b', { id: '' }), 'all', { sourceId: 't' })
    await log.append(message('c', { id: 'three' }), 'all')
    await log.append(message('d'), 'all')
    expect((await log.since('one', { limit: 5 })).gap).toMatchObject({ reason: 'unknown', from: 'one' })
    expect(await log.append(message('a', { id: 'one' }), 'all', { sourceId: 's' })).toMatchObject({
      id: 'one',
      offset: 5,
    })
    expect(await log.since('one', { limit: 5 })).toMatchObject({ entries: [], gap: undefined })
    expect(await log.head()).toEqual({ id: 'one', offset: 5 })
  })

  it('resumes after the latest of several messages with the same id', async () => {
    const log = openLog({ ids: 'message', capacity: 2 })
    await log.append(message('a', { id: 'same' }), 'all')
    await log.append(message('b', { id: 'same' }), 'all')
    await log.append(message('c', { id: 'c' }), 'all')
    const { entries, gap } = await log.since('same', { limit: 5 })
    expect(gap).toBeUndefined()
    expect(entries.map(({ id }) => id)).toEqual(['c'])
  })

  it('rejects an id that only contains one of its own, and one of another epoch', async () => {
    const log = openLog({ capacity: 2 })
    for (const data of ['a', 'b', 'c']) await log.append(message(data), 'all')
    const { id, offset } = await log.head()
    const huge = `${id.slice(0, id.indexOf('-'))}-9${'9'.repeat(15)}`
    for (const other of [`x ${id}`, `${id}x`, `${id}.5`, huge]) {
      const { entries, gap } = await log.since(other, { limit: 5 })
      expect(gap).toMatchObject({ reason: 'unknown', from: other, to: { id, offset } })
      expect(entries).toEqual([])
    }
    for (const other of ['other-1', 'other-0', 'other-9']) {
      const { entries, gap } = await log.since(other, { limit: 5 })
      expect(gap).toMatchObject({
        reason: 'epoch',
        from: other,
        to: { id: id.replace(/3$/, '1'), offset: 1 },
      })
      expect(entries.map(({ message: { data } }) => data)).toEqual(['b', 'c'])
    }
  })

  it('has an epoch of its own, even if another log starts at the same time', async () => {
    const heads = await Promise.all(Array.from({ length: 50 }, () => openLog().head()))
    expect(new Set(heads.map(({ id }) => id)).size).toBe(50)
  })

  it('can be closed twice', async () => {
    const log = open()
    await log.close()
    await log.close()
  })

  it('ends its tails with the reason when it is closed, and none that was stopped', async () => {
    const log = open()
    const heard: string[] = []
    const follow = async (name: string) => {
      const tail = await log.tail?.((entries) => {
        heard.push(...entries.map(({ message: { data } }) => `${name} ${data}`))
      })
      tail?.onEnd?.(({ message: text }) => heard.push(`${name} ends: ${text}`))
      return tail
    }
    const stopped = await follow('a')
    await follow('b')
    stopped?.stop()
    await log.append(message('1'), 'all')
    await expect.poll(() => heard).toEqual(['b 1'])
    await log.close()
    await log.close()
    expect(heard).toEqual(['b 1', expect.stringMatching(/^b ends: .*the log is closed$/)])
    stopped?.onEnd?.(() => heard.push('a ends'))
    stopped?.stop()
    expect(heard).toHaveLength(2)
  })

  it('holds the same entries and reports the same gaps as a model', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 6 }),
        fc.array(fc.nat({ max: 12 }), { maxLength: 30, size: 'max' }),
        fc.integer({ min: 1, max: 5 }),
        async (capacity, offsets, limit) => {
          const log = open({ capacity })
          const model: LogEntry[] = []
          const epoch = (await log.head()).id.replace(/-0$/, '')
          for (const offset of offsets) {
            model.push(await log.append(message(`${model.length}`), 'all'))
            const last = model.length
            const first = Math.max(1, last - capacity + 1)
            const { entries, end, more, gap } = await log.since(`${epoch}-${offset}`, { limit })
            const start = offset > last ? last : Math.max(offset, first - 1)
            const expected = model.slice(start, start + limit)
            expect(entries.map(({ id }) => id)).toEqual(expected.map(({ id }) => id))
            expect(end).toBe(start + expected.length)
            expect(more).toBe(end < last)
            const reason = offset > last ? 'ahead' : offset < first - 1 ? 'trimmed' : undefined
            expect(gap?.reason).toBe(reason)
            if (reason === 'trimmed') expect(gap?.missed).toBe(first - 1 - offset)
          }
          await log.close()
        },
      ),
      { numRuns: 40 },
    )
  })

  it.each([0, -1, 1.5, Number.NaN])('refuses a capacity of %s', (capacity) => {
    expect(() => open({ capacity })).toThrow(
      /Log: capacity must be a whole number of at least 1, not the number/,
    )
  })
})
