import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { sinkFromConfig } from './index.ts'

type Config = Parameters<typeof sinkFromConfig>[0]

async function fetchStatus(config: Config, headers: Record<string, string>, env?: Record<string, string>) {
  const sink = sinkFromConfig(config, env === undefined ? {} : { env })
  onTestFinished(() => sink.close({ drain: 0 }))
  return (await sink.fetch(new Request('http://localhost/', { headers }))).status
}

describe('headers of a configuration', () => {
  it.each<[string, Config['headers']]>([
    ['short', { authorization: { secret: 'TOKEN', scheme: 'Bearer' } }],
    ['long', { authorization: { type: 'secret', env: 'TOKEN', scheme: 'Bearer' } }],
    ['as a list', [{ header: 'authorization', rule: { secret: 'TOKEN', scheme: 'Bearer' } }]],
  ])('may demand a secret after a scheme: %s', async (_, headers) => {
    const env = { TOKEN: 'right' }
    expect(await fetchStatus({ headers }, { authorization: 'Bearer right' }, env)).toBe(200)
    expect(await fetchStatus({ headers }, { authorization: 'right' }, env)).toBe(403)
    expect(await fetchStatus({ headers }, {}, env)).toBe(401)
  })

  it('may demand a secret alone', async () => {
    for (const rule of [{ secret: 'TOKEN' }, { type: 'secret' as const, env: 'TOKEN' }]) {
      const config = { headers: { 'x-token': rule } }
      expect(await fetchStatus(config, { 'x-token': 'right' }, { TOKEN: 'right' })).toBe(200)
      expect(await fetchStatus(config, { 'x-token': 'wrong' }, { TOKEN: 'right' })).toBe(403)
    }
  })

  it('read secrets from the environment of the process by default', async () => {
    vi.stubEnv('RXSSE_TEST_TOKEN', 'right')
    onTestFinished(() => void vi.unstubAllEnvs())
    const headers = { 'x-token': { secret: 'RXSSE_TEST_TOKEN' } }
    expect(await fetchStatus({ headers }, { 'x-token': 'right' })).toBe(200)
    expect(await fetchStatus({ headers }, { 'x-token': 'wrong' })).toBe(403)
  })
})

describe('origins of a configuration', () => {
  it.each<[string[], string, string | null]>([
    [['*'], 'https://any.example', '*'],
    [['https://app.example', '*'], 'https://any.example', '*'],
    [['https://app.example'], 'https://app.example', 'https://app.example'],
    [['https://app.example'], 'https://any.example', null],
  ])('%j: %s may read by %j', async (allowed_origins, origin, allowed) => {
    const sink = sinkFromConfig({ cors: { allowed_origins } })
    onTestFinished(() => sink.close({ drain: 0 }))
    const { headers } = await sink.fetch(new Request('http://localhost/', { headers: { origin } }))
    expect(headers.get('access-control-allow-origin')).toBe(allowed)
  })
})
