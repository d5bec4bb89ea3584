import express from 'express'
import { describe, expect, it } from 'vitest'
import { sendRaw } from '../../test/raw-request.ts'
import { openReader } from '../../test/reader.ts'
import { createTestSink, serve } from '../../test/serve.ts'
import { readJson } from '../http/read-json.ts'
import type { SinkRequest } from '../http/request.ts'
import { memoryLog } from '../log/memory-log.ts'
import { streamTo } from '../stream-to/stream-to.ts'

describe('a request', () => {
  it.each([
    ['has the target *', 'GET * HTTP/1.1\r\nHost: localhost\r\n'],
    ['has a malformed target', 'GET *[ HTTP/1.1\r\nHost: localhost\r\n'],
    ['has a malformed host', 'GET // HTTP/1.1\r\nHost: a b\r\n'],
    ['has a malformed absolute target', 'GET http://[ HTTP/1.1\r\nHost: localhost\r\n'],
  ])('that %s has a URL', async (_, head) => {
    const urls: string[] = []
    const sink = createTestSink({
      access: ({ url }) => {
        urls.push(url.href)
        return { deny: 403 }
      },
    })
    const response = await sendRaw(await serve(sink.handler), `${head}Connection: close\r\n\r\n`)
    expect(response).toMatch(/^HTTP\/1.1 403/)
    expect(urls).toEqual([expect.stringMatching(/^http:\/\//)])
  })

  it('shows each value of a repeated header', async () => {
    const seen: (string | null)[] = []
    const sink = createTestSink({
      access: ({ headers }) => {
        seen.push(headers.get('set-cookie'), headers.get('x-each'))
        return { deny: 403 }
      },
    })
    const headers = { 'set-cookie': ['a=1', 'b=2'], 'x-each': ['1', '2'] }
    await openReader(await serve(sink.handler), { headers })
    expect(seen).toEqual(['a=1, b=2', '1, 2'])
  })

  it('has an aborted signal if it is first read after the client left', async () => {
    let ask: () => void = () => {}
    const asked = new Promise<void>((resolve) => {
      ask = resolve
    })
    const aborted: boolean[] = []
    const sink = createTestSink({
      access: async (request) => {
        await asked
        aborted.push(request.signal.aborted)
        return { allow: true }
      },
    })
    const gone: boolean[] = []
    const url = await serve((request, response) => {
      response.once('close', () => gone.push(true))
      sink.handler(request, response)
    })
    const leaving = new AbortController()
    const leaves = openReader(url, { signal: leaving.signal }).catch(() => {})
    setTimeout(() => leaving.abort(), 20)
    await leaves
    await expect.poll(() => gone.length).toBe(1)
    ask()
    await expect.poll(() => aborted.length).toBe(1)
    expect(aborted).toEqual([true])
    expect(sink.stats().opened).toBe(0)
  })

  it('with an id that is not UTF-8 gets a gap that quotes the bytes sent', async () => {
    const sink = createTestSink({ log: memoryLog() })
    const reader = await openReader(await serve(sink.handler), { headers: { 'last-event-id': 'caf\u00e9' } })
    const [gap] = await reader.take(1)
    expect(gap?.type).toBe('gap')
    expect(JSON.parse(gap?.data ?? '')).toMatchObject({ from: 'caf\u00e9', reason: 'unknown' })
  })
})

describe('readJson reads the body', () => {
  const echo = streamTo(async (request: SinkRequest) => [{ data: await readJson(request) }], {
    methods: ['POST'],
    onError: () => {},
  })

  it.each([
    ['node:http alone', undefined],
    ['a framework that has parsed it', express.json()],
    ['a framework that has read it as text', express.text({ type: '*/*' })],
    ['a framework that has read it as bytes', express.raw({ type: '*/*' })],
  ])('behind %s', async (_, parser) => {
    const app = express()
    if (parser !== undefined) app.use(parser)
    const reader = await openReader(await serve(app.use('/', echo.handler)), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"prompt":"é"}',
    })
    expect((await reader.take(1))[0]?.data).toBe('{"prompt":"é"}')
  })

  it('and rejects if there is none', async () => {
    const request = { raw: undefined } as SinkRequest
    await expect(readJson(request)).rejects.toMatchObject({ status: 400 })
    await expect(readJson({ ...request, raw: new Request('http://localhost/') })).rejects.toMatchObject({
      status: 400,
    })
  })
})
