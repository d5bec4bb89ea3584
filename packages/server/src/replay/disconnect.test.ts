import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ADAPTERS } from '../../test/adapters.ts'
import { openReader } from '../../test/reader.ts'
import { createTestSink, serve, serveTestSink } from '../../test/serve.ts'
import { createTailedLog } from '../../test/tailed-log.ts'
import { createDisconnectMessage } from '../log/disconnect-entry.ts'
import type { EventLog } from '../log/event-log.ts'
import { memoryLog } from '../log/memory-log.ts'
import { sqliteLog } from '../log/sqlite-log.ts'
import type { SinkOptions } from '../sink/sink-options.ts'

const LOGS: readonly (readonly [string, () => EventLog | undefined])[] = [
  ['no log', () => undefined],
  ['memoryLog', () => memoryLog()],
  [
    'sqliteLog',
    () => {
      const folder = mkdtempSync(join(tmpdir(), 'rxsse-disconnect-'))
      onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
      return sqliteLog({ path: join(folder, 'events.db') })
    },
  ],
]

const OPTIONS: SinkOptions = {
  heartbeat: false,
  retry: 1_000,
  random: () => 0,
  rooms: { authorize: () => true },
  trustQueryUser: true,
}

describe.each(LOGS)('disconnect with %s', (_name, open) => {
  const serveSink = () => {
    const log = open()
    return serveTestSink({ ...OPTIONS, ...(log && { log }) })
  }

  it('ends the connections of a user, after what was published to them', async () => {
    const { sink, url } = await serveSink()
    const banned = await Promise.all([1, 2].map(() => openReader(`${url}/?user_id=42`)))
    const other = await openReader(`${url}/?user_id=7`)
    await expect.poll(() => sink.stats().connections).toBe(3)
    sink.next({ data: 'last' })
    await sink.disconnect({ user: '42' }, { retry: '1m' })
    for (const reader of banned) {
      expect(await reader.ended).toBe('end')
      expect(reader.events().map(({ data }) => data)).toEqual(['last'])
      expect(reader.text()).toMatch(/retry: 60000\n$/)
    }
    await sink.publish({ data: 'more' })
    expect((await other.take(2)).map(({ data }) => data)).toEqual(['last', 'more'])
    expect(other.text()).not.toContain('disconnect')
    expect(sink.stats()).toMatchObject({ connections: 1, refused: 0, filtered: 0 })
  })

  it('ends the connections of a room, or all', async () => {
    const { sink, url } = await serveSink()
    const [a, b, c] = await Promise.all([
      openReader(`${url}/?room=a`),
      openReader(`${url}/?rooms=a,b`),
      openReader(`${url}/?room=c`),
    ])
    await expect.poll(() => sink.stats().connections).toBe(3)
    await sink.disconnect({ room: 'a' })
    expect(await a.ended).toBe('end')
    expect(await b.ended).toBe('end')
    expect(a.text()).toMatch(/retry: 1000\n$/)
    expect(sink.stats().connections).toBe(1)
    await sink.disconnect('all')
    expect(await c.ended).toBe('end')
  })

  it.each([
    ['a room and a user', { room: 'a', user: 'b' }],
    ['nothing', {}],
    ['a user that is no text', { user: 1 }],
  ])('refuses %s as target', async (_case, target) => {
    const { sink } = await serveSink()
    await expect(sink.disconnect(target as never)).rejects.toMatchObject({ code: 'message' })
  })
})

describe('disconnect on a log of several servers', () => {
  it('ends the connections of every server, once', async () => {
    const log = createTailedLog()
    log.start()
    const one = await serveTestSink({ ...OPTIONS, log })
    const two = await serveTestSink({ ...OPTIONS, log })
    const readers = [await openReader(`${one.url}/?user_id=42`), await openReader(`${two.url}/?user_id=42`)]
    const other = await openReader(`${two.url}/?user_id=7`)
    for (const { sink } of [one, two]) await expect.poll(() => sink.position).toBeDefined()
    await one.sink.disconnect({ user: '42' })
    expect(await readers[0]?.ended).toBe('end')
    const again = await openReader(`${one.url}/?user_id=42`)
    await log.deliver()
    expect(await readers[1]?.ended).toBe('end')
    // The order that comes back from the log does not end what has connected since.
    await one.sink.publish({ data: 'later' })
    await log.deliver()
    expect((await again.take(1)).map(({ data }) => data)).toEqual(['later'])
    expect((await other.take(1)).map(({ data }) => data)).toEqual(['later'])
  })

  it('does not reach a server that does not follow the log yet: there, `expires` ends the connection', async () => {
    const log = createTailedLog()
    const expires = Date.now() + 300
    const access = () => ({ allow: true, user: '42', expires }) as const
    const { sink, url } = await serveTestSink({ ...OPTIONS, log, access })
    const reader = await openReader(url)
    await expect.poll(() => sink.stats().connections).toBe(1)
    await log.append(createDisconnectMessage({ name: 'of another server' }), { user: '42' })
    log.start()
    await log.deliver()
    await expect.poll(() => sink.position).toBeDefined()
    expect(sink.stats().connections).toBe(1)
    expect(await reader.ended).toBe('end')
    expect(Date.now()).toBeGreaterThanOrEqual(expires)
  })

  it('is not sent to clients that resume, nor to newcomers', async () => {
    const { sink, url } = await serveTestSink({ ...OPTIONS, log: memoryLog(), newcomers: 'earliest' })
    const { id = '' } = await sink.publish({ data: 1 })
    await sink.disconnect({ user: '42' })
    await sink.publish({ data: 2 })
    for (const headers of [{ 'last-event-id': id }, {}]) {
      const reader = await openReader(url, { headers })
      await reader.until(({ text }) => text().includes('data: 2'))
      expect(reader.text()).not.toMatch(/disconnect|retry":/)
      expect(sink.stats().connections).toBeGreaterThan(0)
    }
  })

  it('ends the connections here at once, even if the log fails', async () => {
    const log = memoryLog()
    const append = async (): Promise<never> => {
      throw new Error('away')
    }
    const { sink, url } = await serveTestSink({ ...OPTIONS, log: { ...log, append } })
    const reader = await openReader(`${url}/?user_id=42`)
    await expect.poll(() => sink.stats().connections).toBe(1)
    await expect(sink.disconnect({ user: '42' })).rejects.toMatchObject({ code: 'log' })
    expect(await reader.ended).toBe('end')
  })

  it.each(['{', '{"name":1}', '{"name":"x","retry":-1}', 'null'])(
    'ignores a malformed order: %s',
    async (data) => {
      const log = memoryLog()
      const { sink, url } = await serveTestSink({ ...OPTIONS, log })
      const reader = await openReader(url)
      await expect.poll(() => sink.stats().connections).toBe(1)
      await log.append({ ...createDisconnectMessage({ name: 'x' }), data }, 'all')
      await sink.publish({ data: 'later' })
      expect((await reader.take(1)).map((event) => event.data)).toEqual(['later'])
    },
  )

  it('does not let a message pass for an order', async () => {
    const sink = createTestSink({ topic: () => '\0disconnect' })
    await expect(sink.publish({ data: 1 })).rejects.toMatchObject({ code: 'message' })
  })

  it('ends a client in the middle of its replay', async () => {
    const log = memoryLog()
    const sink = createTestSink({ ...OPTIONS, log })
    const url = await serve(sink.handler)
    const { id } = await log.head()
    for (let n = 0; n < 500; n++) await sink.publish({ data: `${n} ${'x'.repeat(32_000)}` })
    const reader = await openReader(`${url}/?user_id=42`, { headers: { 'last-event-id': id } })
    reader.pause()
    await expect.poll(() => sink.stats().behind).toBe(1)
    await sink.disconnect({ user: '42' })
    reader.resume()
    expect(await reader.ended).toBe('end')
    expect(reader.events().length).toBeLessThan(500)
  })
})

describe.each(ADAPTERS)('disconnect over $name', ({ mount, open }) => {
  const WAITS: readonly (readonly [string, (waited: Promise<void>) => SinkOptions])[] = [
    ['access', (waited) => ({ access: () => waited.then(() => ({ allow: true, user: '42' })) })],
    [
      'a permit',
      (waited) => ({
        access: () => ({ allow: true, user: '42' }),
        limits: {
          connectionsPerKey: 5,
          key: () => 'k',
          across: { take: () => waited.then(() => ({ release() {} })) },
        },
      }),
    ],
  ]

  it.each(WAITS)('ends those that wait for %s as they open, and nobody later', async (_name, wait) => {
    let go = () => {}
    const waited = new Promise<void>((resolve) => {
      go = resolve
    })
    const sink = createTestSink({ ...OPTIONS, log: memoryLog(), ...wait(waited) })
    const url = await mount(sink)
    const waiting = open(url)
    await expect.poll(() => sink.stats().pending).toBe(1)
    await sink.disconnect({ user: '7' }, { retry: '2m' })
    await sink.disconnect({ user: '42' }, { retry: '1m' })
    go()
    const reader = await waiting
    expect(await reader.ended).toBe('end')
    expect(reader.text()).toMatch(/retry: 60000\n$/)
    expect(sink.stats()).toMatchObject({ connections: 0, pending: 0 })
    const later = await open(url)
    await sink.publish({ data: 'more' })
    expect((await later.take(1)).map(({ data }) => data)).toEqual(['more'])
  })

  it('ends a connection whose response is on its way', async () => {
    let isOrdered = false
    const sink = createTestSink({
      ...OPTIONS,
      // The order is given after access was decided, and before the connection opens.
      access: () => {
        const decided = Promise.resolve({ allow: true, user: '42' } as const)
        if (!isOrdered) decided.then(() => {}).then(() => sink.disconnect({ user: '42' }))
        isOrdered = true
        return decided
      },
    })
    const reader = await open(await mount(sink))
    expect(await reader.ended).toBe('end')
  })
})
