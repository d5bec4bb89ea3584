import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { SseMessage } from '@rxsse/shared'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openReader } from '../../test/reader.ts'
import { memoryLog } from '../log/memory-log.ts'
import { type ConfiguredSinks, sinksFromConfig } from './index.ts'

type Configs = Parameters<typeof sinksFromConfig>[0]
type Options = NonNullable<Parameters<typeof sinksFromConfig>[1]>

async function serveConfigs(
  configs: Configs,
  options: Options = {},
): Promise<{ configured: ConfiguredSinks; origin: string }> {
  const configured = sinksFromConfig(configs, { host: '127.0.0.1', port: 0, ...options })
  onTestFinished(() => configured.close())
  const { port } = await configured.serve()
  return { configured, origin: `http://127.0.0.1:${port}` }
}

/** The examples of the three projects, as their parsers of TOML, YAML and HCL give them. */
const CDVIZ = {
  sse_001: {
    enabled: true,
    type: 'sse',
    id: '001',
    headers: {
      Authorization: { type: 'exists' },
      'X-API-Key': { type: 'secret', value: 'SSE_API_KEY_ENV_VAR' },
    },
  },
} as const
const INBOXCLAW = {
  events_stream: { type: 'sse' },
  alerts: { type: 'sse', path: '/live', match: 'alert.*', heartbeat_timeout: 15, coalesce: ['stats.*'] },
} as const
const MYCEL = {
  events: {
    type: 'sse',
    port: 3002,
    path: '/events',
    heartbeat_interval: '30s',
    cors: { origins: ['*'] },
  },
} as const

describe('sinksFromConfig', () => {
  it('gives sinks whose position is that of now', async () => {
    const { sinks } = sinksFromConfig({ a: { type: 'sse' } }, { sink: () => ({ log: memoryLog() }) })
    const { id } = (await sinks.a?.publish({ data: 1 })) ?? {}
    expect(id).toMatch(/-1$/)
    expect(sinks.a?.position).toBe(id)
  })

  it('serves again after its address was in use, and closes all the same', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    const configured = sinksFromConfig({ a: { type: 'sse' } }, { host: '127.0.0.1', port })
    await expect(configured.serve()).rejects.toMatchObject({ code: 'EADDRINUSE' })
    await new Promise((resolve) => other.close(resolve))
    const server = await configured.serve()
    expect((await openReader(`http://127.0.0.1:${server.port}/a`)).status).toBe(200)
    await configured.close()
    expect(server.server.listening).toBe(false)
  })

  it('closes although its server could not start', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => void other.close())
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    const configured = sinksFromConfig({ a: { type: 'sse' } }, { host: '127.0.0.1', port })
    const serving = configured.serve()
    await configured.close()
    await expect(serving).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })

  it('serves the sinks of all three projects from one server', async () => {
    const env = { SSE_API_KEY_ENV_VAR: 'hunter2' }
    const { configured, origin } = await serveConfigs({ ...CDVIZ, ...INBOXCLAW, ...MYCEL }, { env })
    const paths = Object.entries(configured.sinks).map(([name, { path }]) => [name, path])
    expect(Object.fromEntries(paths)).toEqual({
      sse_001: '/sse/001',
      events_stream: '/events_stream',
      alerts: '/alerts/live',
      events: '/events',
    })
    const headers = { authorization: 'x', 'x-api-key': 'hunter2' }
    for (const [path, status] of [
      ['/events_stream/', 200],
      ['/events_stream', 200],
      ['/alerts/live', 200],
      ['/alerts/live/', 200],
      ['/events', 200],
      ['/sse/001', 200],
      ['/sse/alerts', 404],
      ['/health', 200],
      ['/', 404],
    ] as const) {
      expect([path, (await openReader(`${origin}${path}`, { headers })).status]).toEqual([path, status])
    }
    expect((await openReader(`${origin}/sse/001`)).status).toBe(401)
    const wrong = { ...headers, 'x-api-key': 'SSE_API_KEY_ENV_VAR' }
    expect((await openReader(`${origin}/sse/001`, { headers: wrong })).status).toBe(403)
    const cors = await openReader(`${origin}/events`, { headers: { origin: 'https://any.example' } })
    expect(cors.headers['access-control-allow-origin']).toBe('*')
  })

  it('has an address that the entries share, and options win', () => {
    const configured = sinksFromConfig(MYCEL)
    expect(configured.sinks.events).toMatchObject({ port: 3002, host: '0.0.0.0', id: 'events' })
    expect(sinksFromConfig(MYCEL, { port: 1 }).sinks.events).toMatchObject({ port: 1 })
    expect(sinksFromConfig(INBOXCLAW).sinks.alerts).toMatchObject({ port: 8080 })
  })

  it('sends each sink its own messages, by the options that sink(name) gives', async () => {
    const names: string[] = []
    const { configured, origin } = await serveConfigs(INBOXCLAW, {
      sink: (name) => {
        names.push(name)
        return { greeting: { type: 'info', data: name } }
      },
    })
    expect(names).toEqual(['events_stream', 'alerts'])
    const reader = await openReader(`${origin}/alerts/live`)
    await configured.sinks.events_stream?.publish({ type: 'alert.a', data: 'other' })
    await configured.sinks.alerts?.publish({ type: 'mail', data: 'filtered' })
    await configured.sinks.alerts?.publish({ type: 'alert.a', data: 'own' })
    expect((await reader.take(2)).map(({ data }) => data)).toEqual(['alerts', 'own'])
  })

  it('coalesces the topics of coalesce, by entity, and keeps the others', async () => {
    const configs = { feed: { type: 'sse', coalesce: ['stats.*'] } } as const
    const { configured, origin } = await serveConfigs(configs, {
      sink: () => ({ slowClient: { maxMessages: 10_000, maxBytes: 1 << 28 } }),
    })
    const sink = configured.sinks.feed
    const reader = await openReader(`${origin}/feed`)
    await expect.poll(() => sink?.stats().connections).toBe(1)
    reader.pause()
    while (sink?.stats().behind === 0) {
      sink.next({ data: 'x'.repeat(1 << 18) })
      await sleep(1)
    }
    const messages: SseMessage[] = [1, 2].flatMap((n) => [
      { type: 'stats.cpu', data: { entity_id: 'a', n } },
      { type: 'stats.cpu', data: { entity_id: 'b', n } },
      { type: 'mail', data: { entity_id: 'a', n } },
    ])
    for (const message of messages) sink?.next(message)
    sink?.next({ type: 'last', data: '' })
    reader.resume()
    await reader.until(({ tail }) => tail().endsWith('event: last\ndata:\n\n'))
    const seen = reader.events().filter(({ type }) => /^(stats|mail)/.test(type))
    expect(seen.map(({ type, data }) => [type, JSON.parse(data).entity_id, JSON.parse(data).n])).toEqual([
      ['mail', 'a', 1],
      ['stats.cpu', 'a', 2],
      ['stats.cpu', 'b', 2],
      ['mail', 'a', 2],
    ])
  })

  it('does not serve a sink that is not enabled', async () => {
    const { configured, origin } = await serveConfigs({ off: { enabled: false }, on: {} })
    expect(configured.sinks.off?.enabled).toBe(false)
    expect((await openReader(`${origin}/off`)).status).toBe(404)
    expect((await openReader(`${origin}/on`)).status).toBe(200)
  })

  it('closes its sinks and its server', async () => {
    const { configured, origin } = await serveConfigs({ feed: {} })
    const reader = await openReader(`${origin}/feed`)
    await configured.close()
    expect(await reader.ended).toBe('end')
    await expect(openReader(`${origin}/feed`)).rejects.toThrow('ECONNREFUSED')
    const never = sinksFromConfig({ feed: {} })
    await never.close()
    await expect(never.sinks.feed?.publish({ data: 1 })).rejects.toMatchObject({ code: 'closed' })
  })

  it.each<[unknown, RegExp]>([
    [{ a: { prot: 1 } }, /a: .*"prot"/],
    [{ a: { headers: { K: { type: 'secret' } } } }, /a\.headers\.K: it needs the name/],
    [
      { a: { headers: { K: { secret: 'NOT_SET' } } } },
      /a\.headers: .*K needs the environment variable NOT_SET/,
    ],
    [{ a: { type: 'kafka' } }, /a\.type: /],
    [{ a: { port: 1 }, b: { port: 2 } }, /b\.port: it must be the same/],
    [{ a: { host: 'x' }, b: { host: 'y' } }, /b\.host: it must be the same/],
    [{ a: { mount: '/live' }, live: {} }, /the sinks a and live have one path, \/live/],
    [[], /the configuration/],
    [null, /the configuration/],
  ])('rejects %j and names the key', (configs, text) => {
    expect(() => sinksFromConfig(configs as Configs, { env: {} })).toThrow(TypeError)
    expect(() => sinksFromConfig(configs as Configs, { env: {} })).toThrow(text)
  })
})
