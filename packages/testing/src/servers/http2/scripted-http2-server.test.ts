import { once } from 'node:events'
import { type ClientHttp2Session, connect, constants, type IncomingHttpHeaders } from 'node:http2'
import { Agent, request } from 'undici'
import { describe, expect, it, onTestFinished } from 'vitest'
import { testCertificate } from '../../index.ts'
import type { Http2Script } from './script.ts'
import { createScriptedHttp2Server } from './scripted-http2-server.ts'

async function start(script: Http2Script, tls = true) {
  const server = await createScriptedHttp2Server(script, { tls })
  onTestFinished(() => server.close())
  return server
}

/** A session of Node's own client, which uses Huffman codes and wants a dynamic table. */
function open(url: string, options = {}): ClientHttp2Session {
  const session = connect(url, { ca: testCertificate.cert, ...options })
  session.on('error', () => {})
  onTestFinished(() => session.destroy())
  return session
}

/** What Node's client tells of a response: its body, the code of its end and whether END_STREAM came. */
async function read(session: ClientHttp2Session, headers: Record<string, string> = {}, body?: string) {
  const stream = session.request({ ':path': '/', ...headers }, { endStream: body === undefined })
  const early: IncomingHttpHeaders[] = []
  let head: IncomingHttpHeaders = {}
  let text = ''
  let isWhole = false
  stream.on('headers', (informational) => early.push(informational))
  stream.on('response', (response) => {
    head = response
  })
  stream.on('data', (bytes: Buffer) => {
    text += bytes.toString()
  })
  stream.on('end', () => {
    isWhole = true
  })
  stream.on('error', () => {})
  if (body !== undefined) stream.end(body)
  await new Promise((resolve) => stream.on('close', resolve))
  return { early, head, text, isWhole, code: stream.rstCode }
}

describe('the scripted HTTP/2 server', () => {
  it.each([true, false])('serves requests on one connection, and remembers them (TLS: %s)', async (tls) => {
    const server = await start(
      [
        [{ head: { status: 200 } }, 'data: a\n\n', 'END'],
        [
          { head: { status: 201, headers: { 'content-type': 'text/plain', 'x-long': 'y'.repeat(300) } } },
          'b',
        ],
      ],
      tls,
    )
    const session = open(server.url)
    const first = await read(session, {
      'last-event-id': 'ж'.repeat(3),
      'x-rare': '!"#$%&\'()*+,/;<=>?@[]^_`{|}~',
    })
    expect(first).toMatchObject({
      head: { ':status': 200, 'content-type': 'text/event-stream' },
      text: 'data: a\n\n',
    })
    expect(first.isWhole).toBe(true)
    const second = await read(session, { ':method': 'POST', ':path': '/x?y=1' }, 'body')
    expect(second).toMatchObject({ head: { ':status': 201, 'x-long': 'y'.repeat(300) }, text: 'b' })
    const third = await read(session)
    expect(third.head[':status']).toBe(204)
    expect(server.requests).toMatchObject([
      {
        index: 0,
        connection: 0,
        method: 'GET',
        path: '/',
        headers: { 'x-rare': '!"#$%&\'()*+,/;<=>?@[]^_`{|}~' },
      },
      { index: 1, connection: 0, method: 'POST', path: '/x?y=1', body: Buffer.from('body') },
      { index: 2 },
    ])
    expect(server.offered).toEqual(tls ? [['h2']] : [])
  })

  it.each(['NO_ERROR', 'CANCEL', 'INTERNAL_ERROR', 'REFUSED_STREAM'] as const)(
    'resets a stream with %s in the middle of an event',
    async (reset) => {
      const server = await start([[{ head: { status: 200 } }, 'data: ha', { reset }]])
      const result = await read(open(server.url))
      expect(result.text).toBe('data: ha')
      expect(result.code).toBe(constants[`NGHTTP2_${reset}`])
    },
  )

  it('takes fields that span several frames', async () => {
    const server = await start([[{ head: { status: 200 } }, 'data: a\n\n', 'END']])
    const { text } = await read(open(server.url), { 'x-large': 'z'.repeat(40_000) })
    expect(text).toBe('data: a\n\n')
    expect(server.requests[0]?.headers['x-large']).toHaveLength(40_000)
  })

  it('sends informational heads before the head', async () => {
    const server = await start([
      [
        { head: { status: 103, headers: { link: '</a>' } } },
        { head: { status: 102 } },
        { head: { status: 200 } },
        'data: a\n\n',
      ],
    ])
    const { early, head, text } = await read(open(server.url))
    expect(early.map((fields) => fields[':status'])).toEqual([103, 102])
    expect(head[':status']).toBe(200)
    expect(text).toBe('data: a\n\n')
  })

  it('tells the client to go away, and goes on with the stream', async () => {
    const server = await start([[{ head: { status: 200 } }, { goaway: 'NO_ERROR' }, 'data: a\n\n', 'END']])
    const session = open(server.url)
    const told = once(session, 'goaway')
    const { text, isWhole } = await read(session)
    expect((await told)[0]).toBe(constants.NGHTTP2_NO_ERROR)
    expect([text, isWhole]).toEqual(['data: a\n\n', true])
  })

  it.each(['CUT', 'RST'] as const)('ends the connection by %s', async (ending) => {
    const server = await start([[{ head: { status: 200 } }, 'data: a\n\n', ending]])
    const session = open(server.url)
    const closed = new Promise((resolve) => session.on('close', resolve))
    await read(session)
    await closed
    expect((await server.ended(0)).isOver).toBe(true)
  })

  it('sends no more than the client has room for', async () => {
    const server = await start([[{ head: { status: 200 } }, new Uint8Array(200_000), 'END']])
    const session = open(server.url, { settings: { initialWindowSize: 1000 } })
    const stream = session.request({ ':path': '/' })
    stream.on('error', () => {})
    stream.pause()
    await once(stream, 'response')
    await expect.poll(() => server.requests[0]?.bytesSent).toBe(1000)
    stream.resume()
    await server.ended(0)
    expect(server.requests[0]?.bytesSent).toBe(200_000)
  })

  it('sees that the client has reset the stream', async () => {
    const server = await start([[{ head: { status: 200 } }, 'HOLD']])
    const stream = open(server.url).request({ ':path': '/' })
    await once(stream, 'response')
    stream.close(constants.NGHTTP2_CANCEL)
    expect(await server.ended(0)).toMatchObject({ resetByClient: 8, isOver: true })
  })

  it('serves undici, and answers 505 to a client that offers HTTP/1.1 alone', async () => {
    const server = await start([[{ head: { status: 200 } }, 'data: a\n\n', 'END']])
    for (const [allowH2, status] of [
      [true, 200],
      [false, 505],
    ] as const) {
      const dispatcher = new Agent({ allowH2, connect: { ca: testCertificate.cert } })
      onTestFinished(() => dispatcher.destroy())
      const { statusCode, body } = await request(server.url, { dispatcher })
      await body.dump()
      expect(statusCode).toBe(status)
    }
    expect(server.offered[1]).toEqual(['http/1.1'])
  })

  it('rejects its close with what the script threw', async () => {
    const server = await createScriptedHttp2Server(() => {
      throw new Error('no script')
    })
    const session = open(server.url)
    session.request({ ':path': '/' }).on('error', () => {})
    await server.request(0)
    await expect(server.close()).rejects.toThrow('no script')
  })

  it.each<[string, unknown]>([
    ['the steps of a request must be a list of steps', 'data: a'],
    ['a step must be a string, a Uint8Array or an object', [{ head: { status: 200 } }, 5]],
    ['head.status must be', [{ head: { status: '200' } }]],
    ['sleep must be', [{ sleep: Number.NaN }]],
    ['until must be a promise', [{ until: 5 }]],
    ['an error code must be a number or NO_ERROR', [{ head: { status: 200 } }, { reset: 'CANCELLED' }]],
  ])('rejects close for a script with a wrong step: %s', async (message, steps) => {
    const server = await createScriptedHttp2Server(() => steps as never)
    void read(open(server.url))
    await server.ended(0)
    await expect(server.close()).rejects.toThrow(message)
  })
})
