import { describe, expect, it, onTestFinished } from 'vitest'
import { openReader } from '../../test/reader.ts'
import { sinkFromConfig } from './index.ts'

type Config = Parameters<typeof sinkFromConfig>[0]

async function serveConfig(config: Config, options?: Parameters<typeof sinkFromConfig>[1]) {
  const sink = sinkFromConfig({ host: '127.0.0.1', port: 0, ...config }, options)
  const server = await sink.serve()
  onTestFinished(() => server?.close({ drain: 0 }))
  return { sink, origin: `http://127.0.0.1:${server?.port}` }
}

describe('sinkFromConfig', () => {
  it.each<[Config, string]>([
    [{}, '/sse/sink'],
    [{ id: 'cd' }, '/sse/cd'],
    [{ id: 'inbox', path: 'events/' }, '/inbox/events'],
    [{ id: 'inbox', path: '/' }, '/inbox'],
    [{ id: 'inbox', mount: '/live/all/' }, '/live/all'],
    [{ mount: 'live' }, '/live'],
    [{ mount: '/' }, ''],
  ])('%j is at %s, with or without a trailing slash', async (config, path) => {
    const { sink, origin } = await serveConfig(config)
    expect(sink.path).toBe(path)
    for (const slash of ['', '/']) {
      const reader = await openReader(`${origin}${path}${slash}`)
      expect(reader.status).toBe(200)
    }
    expect((await openReader(`${origin}/elsewhere`)).status).toBe(404)
  })

  it('listens on every interface at 8080 unless told otherwise', () => {
    expect(sinkFromConfig({})).toMatchObject({ host: '0.0.0.0', port: 8080, enabled: true, id: 'sink' })
    expect(sinkFromConfig({ port: '9000' })).toMatchObject({ port: 9000 })
  })

  it('serves nothing if it is not enabled', async () => {
    expect(await sinkFromConfig({ enabled: false }).serve()).toBeUndefined()
  })

  it.each<[Config['match'], string[]]>([
    ['*', ['a.b', 'c']],
    ['a.*', ['a.b']],
    ['c, d', ['c']],
    [
      ['a.*', 'c'],
      ['a.b', 'c'],
    ],
  ])('sends the topics that match %j', async (match, wanted) => {
    const { sink, origin } = await serveConfig({ match })
    const reader = await openReader(`${origin}/sse/sink`)
    for (const type of ['a.b', 'c']) await sink.publish({ type, data: '' })
    expect((await reader.take(wanted.length)).map(({ type }) => type)).toEqual(wanted)
  })

  it.each([
    [0.02, true],
    ['0.02', true],
    ['20ms', true],
    [0, false],
  ])('sends heartbeats every %j seconds', async (heartbeat_interval, beats) => {
    const { sink, origin } = await serveConfig({ heartbeat_interval })
    const reader = await openReader(`${origin}/sse/sink`)
    if (beats) await reader.until(({ text }) => text().includes('keep-alive'))
    else {
      await sink.publish({ data: '' })
      await reader.take(1)
      expect(reader.text()).not.toContain('keep-alive')
    }
  })

  it.each<[NonNullable<Config['headers']>, string, number]>([
    [{ 'X-Key': 'v' }, 'v', 200],
    [{ 'X-Key': { equals: 'V', case_sensitive: false } }, 'v', 200],
    [{ 'X-Key': { type: 'equals', value: 'V' } }, 'v', 403],
    [{ 'X-Key': { matches: '^v' } }, 'vw', 200],
    [{ 'X-Key': { type: 'matches', pattern: '^V', case_sensitive: false } }, 'vw', 200],
    [{ 'X-Key': { exists: true } }, 'x', 200],
    [{ 'X-Key': { type: 'exists' } }, 'x', 200],
    [{ 'X-Other': { type: 'exists' } }, 'x', 401],
    [{ 'X-Key': { secret: 'KEY' } }, 'hunter2', 200],
    [{ 'X-Key': { type: 'secret', env: 'KEY', scheme: 'Key' } }, 'Key hunter2', 200],
    [[{ header: 'X-Key', rule: { secret: 'KEY' } }], 'wrong', 403],
    [{ 'X-Key': { type: 'secret', value: 'KEY' } }, 'hunter2', 200],
    [{ 'X-Key': { type: 'secret', value: 'KEY' } }, 'KEY', 403],
    [[{ 'x-key': { type: 'secret', value: 'KEY' } }, { 'x-key': { matches: '^h' } }], 'hunter2', 200],
    [[{ 'x-key': { type: 'secret', value: 'KEY' } }, { 'x-key': { matches: '^h' } }], 'hello', 403],
    [[{ 'x-key': { type: 'secret', value: 'KEY' } }, { 'X-Key': { matches: '^x' } }], 'hunter2', 403],
  ])('checks headers by %j', async (headers, value, status) => {
    const { origin } = await serveConfig({ headers }, { env: { KEY: 'hunter2' } })
    expect((await openReader(`${origin}/sse/sink`, { headers: { 'x-key': value } })).status).toBe(status)
  })

  it('allows origins', async () => {
    const { origin } = await serveConfig({ cors: { allowed_origins: ['https://a.example'] } })
    const reader = await openReader(`${origin}/sse/sink`, { headers: { origin: 'https://a.example' } })
    expect(reader.headers['access-control-allow-origin']).toBe('https://a.example')
  })

  it.each<[object, RegExp]>([
    [{ prot: 1 }, /"prot"/],
    [{ port: 'http' }, /port: /],
    [{ port: 70_000 }, /port: /],
    [{ type: 'kafka' }, /type: /],
    [{ heartbeat_interval: 'often' }, /heartbeat_interval: it must be seconds/],
    [{ heartbeat_interval: -1 }, /heartbeat_interval: it must be seconds/],
    [{ heartbeat_interval: 1, heartbeat_timeout: 1 }, /heartbeat_timeout: it cannot be given with/],
    [{ mount: '/a', path: 'b' }, /path: it cannot be given with mount/],
    [{ headers: { 'X-Key': { secrt: 'KEY' } } }, /headers\.X-Key: it must be a text, or a rule with exists/],
    [{ headers: { 'X-Key': { type: 'signature' } } }, /headers\.X-Key: it must be a text, or a rule/],
    [{ headers: { 'X-Key': { type: 'constructor' } } }, /headers\.X-Key: it must be a text, or a rule/],
    [{ headers: { 'X-Key': { type: 'secret' } } }, /headers\.X-Key: it needs the name of an environment/],
    [{ headers: { 'X-Key': { type: 'matches', pattern: 1 } } }, /headers\.X-Key\.pattern: .*expected string/],
    [{ headers: { 'X-Key': { equals: 'a', case: 1 } } }, /headers\.X-Key: .*"case"/],
    [{ headers: [{ header: 'X-Key', rule: { exists: false } }] }, /headers\.0\.rule\.exists: /],
    [{ headers: [{ 'X-Key': { secret: 1 } }] }, /headers\.0\.X-Key\.secret: .*expected string/],
    [{ headers: 'X-Key' }, /headers: /],
    [{ cors: { origins: ['*'], allowed_origins: ['*'] } }, /cors: .*allowed_origins/],
    [{ headers: { 'X-Key': { secret: 'NOT_SET' } } }, /NOT_SET, which is not set/],
    [{ cors: {} }, /cors\.allowed_origins: /],
  ])('rejects %j and names the key', (config, text) => {
    expect(() => sinkFromConfig(config as Config, { env: {} })).toThrow(text)
  })
})
