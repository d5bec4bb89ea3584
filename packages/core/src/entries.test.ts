import { createScriptedServer } from '@rxsse/testing'
import { firstValueFrom, take, toArray } from 'rxjs'
import { describe, expect, it } from 'vitest'
import * as inBrowsers from './browser.ts'
import * as fromConfigInBrowsers from './config/browser.ts'
import * as fromConfigOnEdge from './config/edge.ts'
import * as onEdge from './edge.ts'

const serve = () =>
  createScriptedServer(() => ({ status: 200, body: ['id: 1\ndata: {"n":1}\n\ndata: [2]\n\n', 'HOLD'] }))

// What is a browser's or a runtime's own is tried there; the rest does not depend on where it runs.
describe.each([
  ['browsers', inBrowsers, fromConfigInBrowsers],
  ['Deno, Bun and edge runtimes', onEdge, fromConfigOnEdge],
] as const)('the entry for %s', (_, entry, config) => {
  it('subscribes, iterates, probes, and reads a configuration', async () => {
    await using server = await serve()
    const events = await firstValueFrom(entry.fromEventSource(server.url).pipe(take(2), toArray()))
    expect(events.map(({ data }) => data)).toEqual(['{"n":1}', '[2]'])

    const pulled: string[] = []
    for await (const { data } of entry.iterateEventSource(server.url)) {
      pulled.push(data)
      if (pulled.length === 2) break
    }
    expect(pulled).toEqual(['{"n":1}', '[2]'])

    const steps = await firstValueFrom(entry.probeEventSource(server.url).pipe(toArray()))
    expect(steps.map(({ step }) => step)).toEqual(['constructed', 'connecting', 'open', 'event'])

    const { data } = await firstValueFrom(config.sourceFromConfig({ endpoint: server.url }))
    expect(data).toEqual({ n: 1 })
  })
})

it('the entry for Deno, Bun and edge runtimes says of a text that is sent that it is one, and of what is none what it is', async () => {
  await using server = await serve()
  const bodies = ['text', () => 'text', async () => new URLSearchParams('a=b'), undefined] as const
  for (const body of bodies) {
    await firstValueFrom(onEdge.fromEventSource(server.url, { method: 'POST', ...(body && { body }) }))
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
