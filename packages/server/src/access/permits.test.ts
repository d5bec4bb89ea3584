import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { openReader } from '../../test/reader.ts'
import { serve } from '../../test/serve.ts'
import type { SinkRequest } from '../http/request.ts'
import { createSink } from '../sink/sink.ts'
import { headerRules } from './header-rules.ts'
import { resolveLimits } from './limits.ts'

describe('a permit', () => {
  it('that is released twice counts once', () => {
    const host = { retry: 1_000, random: () => 0, onError: () => {} }
    const limits = resolveLimits({ connections: 3, connectionsPerKey: 2 }, host)
    const take = () => limits.take() ?? expect.unreachable('there is no permit')
    const takeKey = (user: string) => limits.takeKey(take(), {} as SinkRequest, user)
    const permit = take()
    expect(limits.takeKey(permit, {} as SinkRequest, 'a')).toBe(true)
    expect(takeKey('a')).toBe(true)
    const excess = take()
    expect(limits.takeKey(excess, {} as SinkRequest, 'a')).toBe(false)
    expect(limits.take()).toBeUndefined()
    excess.release()
    permit.release()
    permit.release()
    expect(limits.taken).toBe(1)
    expect(takeKey('a')).toBe(true)
    expect(takeKey('a')).toBe(false)
  })

  it('of a user is released when its connection closes', async () => {
    const sink = createSink({
      limits: { connectionsPerKey: 2 },
      identify: ({ url }) => url.searchParams.get('as') ?? undefined,
    })
    onTestFinished(() => sink.close({ drain: 0 }))
    const url = `${await serve(sink.handler)}?as=u`
    const [one, two] = [await openReader(url), await openReader(url)]
    expect(await (await openReader(url)).ended).toBe('end')
    one.close()
    await expect.poll(() => sink.stats().connections).toBe(1)
    const three = await openReader(url)
    expect(await (await openReader(url)).ended).toBe('end')
    for (const each of [two, three]) each.close()
    await expect.poll(() => sink.stats().connections).toBe(0)
    for (const each of [await openReader(url), await openReader(url)]) {
      await sink.publish({ data: 1 })
      await each.take(1)
    }
  })
})

describe('a preflight', () => {
  it('of a forbidden origin gets no CORS headers but Vary', async () => {
    const sink = createSink({ cors: { origins: ['https://app.example'] } })
    const response = await sink.fetch(
      new Request('http://localhost/', {
        method: 'OPTIONS',
        headers: { origin: 'https://evil.example', 'access-control-request-method': 'GET' },
      }),
    )
    expect(response.status).toBe(204)
    expect([...response.headers]).toEqual([['vary', 'Origin']])
  })
})

describe('headerRules', () => {
  it('reports a missing secret on a runtime without an environment', () => {
    vi.stubGlobal('process', undefined)
    let thrown: unknown
    try {
      headerRules({ authorization: { secret: 'TOKEN' } })
    } catch (error) {
      thrown = error
    } finally {
      vi.unstubAllGlobals()
    }
    expect(String(thrown)).toContain('needs the environment variable TOKEN, which is not set')
  })
})
