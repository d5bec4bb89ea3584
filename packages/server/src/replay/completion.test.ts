import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openReader } from '../../test/reader.ts'
import { serveTestSink } from '../../test/serve.ts'
import { createRemoteLog, createSharedLog } from '../../test/slow-logs.ts'
import type { EventLog } from '../log/event-log.ts'
import { memoryLog } from '../log/memory-log.ts'
import { sqliteLog } from '../log/sqlite-log.ts'

const LOGS: readonly (readonly [string, () => EventLog])[] = [
  ['memoryLog', () => memoryLog()],
  [
    'sqliteLog',
    () => {
      const folder = mkdtempSync(join(tmpdir(), 'rxsse-completion-'))
      onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
      return sqliteLog({ path: join(folder, 'events.db') })
    },
  ],
  ['a remote log', () => createRemoteLog(() => 0.4)],
  ['a log of several servers', () => createSharedLog(() => 0.4)],
]

describe.each(LOGS)("with onComplete 'close' and %s", (_name, open) => {
  it('a client in the middle of its replay gets the rest, and is answered 204 when it comes back', async () => {
    const log = open()
    const { sink, url } = await serveTestSink({ log, onComplete: 'close', slowClient: { stalledFor: '60s' } })
    const { id } = await log.head()
    for (let n = 1; n <= 400; n++) await sink.publish({ data: `${n} ${'x'.repeat(20_000)}` })
    const slow = await openReader(url, { headers: { 'last-event-id': id } })
    slow.pause()
    await expect.poll(() => sink.stats().behind).toBe(1)
    const live = await openReader(url)
    await live.until(({ interpret }) => interpret().lastEventId !== '')
    sink.next({ data: 'last' })
    sink.complete()
    expect(await live.ended).toBe('end')
    expect(live.events().map(({ data }) => data)).toEqual(['last'])
    slow.resume()
    expect(await slow.ended).toBe('end')
    expect(slow.events().map(({ data }) => data.split(' ')[0])).toEqual([
      ...Array.from({ length: 400 }, (_each, n) => `${n + 1}`),
      'last',
    ])
    for (const { interpret } of [slow, live]) {
      const headers = { 'last-event-id': interpret().lastEventId }
      expect((await openReader(url, { headers })).status).toBe(204)
    }
    await expect.poll(() => sink.stats().connections).toBe(0)
  })

  it('a client that comes back later gets what it missed, and then a 204', async () => {
    const { sink, url } = await serveTestSink({ log: open(), onComplete: 'close' })
    const { id = '' } = await sink.publish({ type: 'a', data: 1 })
    await sink.publish({ type: 'a', data: 2 })
    await sink.publish({ type: 'b', data: 3 })
    sink.complete()
    await expect.poll(async () => (await openReader(url)).status).toBe(204)
    const reader = await openReader(`${url}/?event_type=a`, { headers: { 'last-event-id': id } })
    expect(await reader.ended).toBe('end')
    expect(reader.events().map(({ data }) => data)).toEqual(['2'])
    const headers = { 'last-event-id': reader.interpret().lastEventId }
    expect((await openReader(`${url}/?event_type=a`, { headers })).status).toBe(204)
  })

  it("a newcomer gets its history with newcomers 'earliest', and then a 204", async () => {
    const { sink, url } = await serveTestSink({ log: open(), onComplete: 'close', newcomers: 'earliest' })
    await sink.publish({ data: 1 })
    await sink.publish({ data: 2 })
    sink.complete()
    const reader = await openReader(url)
    expect(await reader.ended).toBe('end')
    expect(reader.events().map(({ data }) => data)).toEqual(['1', '2'])
    const headers = { 'last-event-id': reader.interpret().lastEventId }
    expect((await openReader(url, { headers })).status).toBe(204)
  })
})
