import { createScriptedServer } from '@rxsse/testing'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'

beforeEach(() => void vi.resetModules())
afterEach(() => {
  vi.unstubAllGlobals()
  vi.resetModules()
})

// Two ways of workerd's, which is what Cloudflare's workers run on.
it('where the platform calls handlers itself, each is called once', async () => {
  class CallingTarget extends EventTarget {
    override dispatchEvent(event: Event): boolean {
      const handler = (this as Record<string, unknown>)[`on${event.type}`]
      if (typeof handler === 'function') handler.call(this, event)
      return super.dispatchEvent(event)
    }
  }
  vi.stubGlobal('EventTarget', CallingTarget)
  const { EventSource } = await import('./event-source.ts')
  await using server = await createScriptedServer([{ status: 200, body: ['data: a\n\ndata: b\n\n', 'HOLD'] }])
  const source = new EventSource(server.url)
  const got: string[] = []
  source.onmessage = ({ data }) => got.push(`handler ${data}`)
  source.addEventListener('message', ({ data }) => got.push(`listener ${data}`))
  await expect.poll(() => got).toEqual(['handler a', 'listener a', 'handler b', 'listener b'])
  source.onmessage = null
  source.close()
})

it('where MessageEvent takes `data` alone, events have an origin and an ID all the same', async () => {
  class DataEvent extends MessageEvent<string> {
    constructor(type: string, { data }: { data: string }) {
      super(type, { data })
    }
  }
  vi.stubGlobal('MessageEvent', DataEvent)
  const { EventSource } = await import('./event-source.ts')
  await using server = await createScriptedServer([{ status: 200, body: ['id: 7\ndata: a\n\n', 'HOLD'] }])
  const source = new EventSource(server.url)
  const event = await new Promise<MessageEvent>((resolve) => {
    source.onmessage = resolve
  })
  source.close()
  expect(event).toBeInstanceOf(DataEvent)
  expect(event).toMatchObject({ data: 'a', origin: server.url.slice(0, -1), lastEventId: '7' })
})
