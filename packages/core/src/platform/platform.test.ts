import { createScriptedServer } from '@rxsse/testing'
import { firstValueFrom, take, toArray } from 'rxjs'
import { beforeAll, describe, expect, it, vi } from 'vitest'

const serve = () =>
  createScriptedServer(() => ({ status: 200, body: ['id: 1\ndata: {"n":1}\n\ndata: [2]\n\n', 'HOLD'] }))

// What needs a real browser or another runtime is tested there. The rest does not depend on where it runs.
describe.each([
  ['browsers', () => import('./browser.ts')],
  ['Deno, Bun and edge runtimes', () => import('./edge.ts')],
] as const)('the platform of %s', (_, platform) => {
  let core: typeof import('../web.ts')
  let config: typeof import('../config/index.ts')
  beforeAll(async () => {
    vi.resetModules()
    vi.doMock('#platform', platform)
    core = await import('../web.ts')
    config = await import('../config/index.ts')
  })

  it('exports its own fetchTransport', async () => {
    expect(core.fetchTransport).toBe((await import('#platform')).fetchTransport)
  })

  it('subscribes, iterates, probes, and reads a configuration', async () => {
    await using server = await serve()
    const events = await firstValueFrom(core.fromEventSource(server.url).pipe(take(2), toArray()))
    expect(events.map(({ data }) => data)).toEqual(['{"n":1}', '[2]'])

    const pulled: string[] = []
    for await (const { data } of core.iterateEventSource(server.url)) {
      pulled.push(data)
      if (pulled.length === 2) break
    }
    expect(pulled).toEqual(['{"n":1}', '[2]'])

    const steps = await firstValueFrom(core.probeEventSource(server.url).pipe(toArray()))
    expect(steps.map(({ step }) => step)).toEqual(['constructed', 'connecting', 'open', 'event'])

    const { data } = await firstValueFrom(config.sourceFromConfig({ endpoint: server.url }))
    expect(data).toEqual({ n: 1 })
  })

  it('sends a string and other bodies with their content types', async () => {
    await using server = await serve()
    const bodies = ['text', () => 'text', async () => new URLSearchParams('a=b'), undefined] as const
    for (const body of bodies) {
      await firstValueFrom(core.fromEventSource(server.url, { method: 'POST', ...(body && { body }) }))
    }
    expect(
      server.requests.map((request) => [
        request.headers['content-type']?.toLowerCase(),
        request.body.toString(),
      ]),
    ).toEqual([
      ['text/plain;charset=utf-8', 'text'],
      ['text/plain;charset=utf-8', 'text'],
      ['application/x-www-form-urlencoded;charset=utf-8', 'a=b'],
      [undefined, ''],
    ])
  })
})
