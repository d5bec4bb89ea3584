import type { SseMessage } from '@rxsse/shared'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ADAPTERS } from '../../test/adapters.ts'
import { createSink } from '../sink/sink.ts'
import { reply } from '../stream-to/reply.ts'
import { streamTo } from '../stream-to/stream-to.ts'

const ORIGIN = 'https://app.example'

describe.each(ADAPTERS)('over $name', ({ mount, open }) => {
  it.each([
    [['GET'], 'Authorization, Cache-Control, Last-Event-ID, x-own'],
    [['GET', 'POST'], 'Authorization, Cache-Control, Last-Event-ID, Content-Type, x-own'],
  ])('a preflight of %j allows the headers that its requests need', async (methods, allowed) => {
    const cors = { origins: [ORIGIN], headers: ['x-own'] }
    const endpoint = streamTo<SseMessage>(() => reply('x'), { methods, cors })
    onTestFinished(() => endpoint.close())
    const reader = await open(await mount(endpoint), {
      method: 'OPTIONS',
      headers: { origin: ORIGIN, 'access-control-request-method': methods.at(-1) ?? '' },
    })
    expect(reader.status).toBe(204)
    expect(reader.headers['access-control-allow-headers']).toBe(allowed)
  })

  it.each([{ origins: [ORIGIN] }, { origins: '*' as const }])(
    'scripts may read the exposed headers of every response: %j',
    async ({ origins }) => {
      const cors = { origins, exposedHeaders: ['mcp-session-id', 'x-other'] }
      const answers = streamTo<SseMessage>(() => reply('x', { headers: { 'mcp-session-id': '1' } }), { cors })
      const denied = createSink({ cors, access: () => ({ deny: 401 }) })
      onTestFinished(async () => {
        await answers.close()
        await denied.close()
      })
      for (const [endpoint, status] of [[answers, 200] as const, [denied, 401] as const]) {
        const reader = await open(await mount(endpoint), { headers: { origin: ORIGIN } })
        expect(reader.status).toBe(status)
        expect(reader.headers['access-control-expose-headers']).toBe('mcp-session-id, x-other')
      }
    },
  )

  it('another origin is told nothing', async () => {
    const sink = createSink({ cors: { origins: [ORIGIN], exposedHeaders: ['x-a'] } })
    onTestFinished(() => sink.close())
    const reader = await open(await mount(sink), { headers: { origin: 'https://evil.example' } })
    expect(reader.headers['access-control-expose-headers']).toBeUndefined()
    expect(reader.headers['access-control-allow-origin']).toBeUndefined()
    reader.close()
  })
})
