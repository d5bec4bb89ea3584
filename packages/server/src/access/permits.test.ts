import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { openReader } from '../../test/reader.ts'
import { serve } from '../../test/serve.ts'
import type { SinkRequest } from '../http/request.ts'
import { createSink } from '../sink/sink.ts'
import { headerRules } from './header-rules.ts'
import { resolveLimits } from './limits.ts'

describe('a permit', () => {
  it('that is released twice counts once', () => {
    const limits = resolveLimits({ connections: 2, connectionsPerKey: 2 }, 1_000, () => 0)
    const take = (user: string) => limits.take({} as SinkRequest, user)
    const permit = take('a')
    expect(take('b')).toBeDefined()
    expect(take('a')).toBeUndefined()
    if (permit === undefined || 'then' in permit) throw new Error('there is no permit')
    permit.release()
    permit.release()
    expect(take('a')).toBeDefined()
    expect(take('a')).toBeUndefined()
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
