import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import http from 'node:http'
import https from 'node:https'
import { connect, type Socket } from 'node:net'
import zlib from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import {
  type Attempt,
  createScriptedServer,
  type Script,
  type ScriptedServer,
  type ScriptedServerOptions,
  testCertificate,
} from '../index.ts'

const servers: ScriptedServer[] = []

async function start(script: Script, options?: ScriptedServerOptions): Promise<ScriptedServer> {
  const server = await createScriptedServer(script, options)
  servers.push(server)
  return server
}

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

const get = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'

/** Sends `request` on a fresh socket and collects what comes until the connection ends, by FIN or by RST. */
async function exchange(
  server: ScriptedServer,
  request: string = get,
): Promise<{ text: string; reset: boolean }> {
  const socket = connect(server.port, '127.0.0.1')
  socket.write(request)
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  let reset = false
  socket.on('error', (error: NodeJS.ErrnoException) => {
    reset = error.code === 'ECONNRESET'
  })
  await new Promise((resolve) => socket.on('close', resolve))
  return { text: Buffer.concat(chunks).toString('latin1'), reset }
}

/** A socket that has read the answer up to `mark`. */
async function readUpTo(socket: Socket, mark: string): Promise<string> {
  let text = ''
  while (!text.includes(mark)) text += (await once(socket, 'data'))[0].toString('latin1')
  return text
}

const head = (rest: string): string => `HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n${rest}\r\n`

describe('the bytes of an answer', () => {
  const cases: [name: string, attempt: Attempt, expected: string, reset?: boolean][] = [
    [
      'are chunked, one chunk a step, and end with the last chunk',
      { status: 200, body: ['data: a\n\n', 'data: ü\n\n', 'END', 'never sent'] },
      `${head('Transfer-Encoding: chunked\r\nConnection: close\r\n')}9\r\ndata: a\n\n\r\na\r\ndata: Ã¼\n\n\r\n0\r\n\r\n`,
    ],
    [
      'end properly where the body runs out of steps',
      { status: 200, body: ['x'] },
      `${head('Transfer-Encoding: chunked\r\nConnection: close\r\n')}1\r\nx\r\n0\r\n\r\n`,
    ],
    [
      'have no last chunk where they are cut',
      { status: 200, body: ['x', 'CUT'] },
      `${head('Transfer-Encoding: chunked\r\nConnection: close\r\n')}1\r\nx\r\n`,
    ],
    [
      'carry a Content-Length that counts them',
      { status: 200, framing: 'length', body: ['ü', { hex: 'ff00' }, new Uint8Array([65]), 'END'] },
      `${head('Content-Length: 5\r\nConnection: close\r\n')}Ã¼ÿ\0A`,
    ],
    [
      'fall short of their Content-Length where they are cut',
      { status: 200, framing: 'length', body: ['abc', 'CUT'] },
      `${head('Content-Length: 4\r\nConnection: close\r\n')}abc`,
    ],
    [
      'are told by the end of the connection alone',
      { status: 200, framing: 'close', body: ['abc', 'END'] },
      `${head('Connection: close\r\n')}abc`,
    ],
    [
      'have no framing',
      { status: 204, framing: 'none', headers: { 'Content-Type': null }, body: ['END'] },
      'HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n',
    ],
    [
      'have the headers given, in any case, repeated where listed',
      {
        status: 599,
        framing: 'close',
        headers: { 'CONTENT-TYPE': 'text/plain', 'set-cookie': ['a=1', 'b=2'], connection: 'x' },
        body: [],
      },
      'HTTP/1.1 599 Unknown\r\nCONTENT-TYPE: text/plain\r\nset-cookie: a=1\r\nset-cookie: b=2\r\nconnection: x\r\n\r\n',
    ],
    [
      'are what a raw attempt says',
      { raw: ['HTTP/9.9 banana\r\n\r\n', { hex: '00ff' }, 'CUT'] },
      'HTTP/9.9 banana\r\n\r\n\0ÿ',
    ],
    ['are none where the connection is cut at once', { raw: [] }, ''],
    ['are none where it is reset at once', { raw: ['RST'] }, '', true],
  ]
  for (const [name, attempt, expected, reset = false] of cases) {
    it(name, async () => {
      const server = await start([attempt])
      expect(await exchange(server)).toEqual({ text: expected, reset })
    })
  }

  it('stand before a reset when the client has read them', async () => {
    let readIt = (): void => {}
    const until = new Promise<void>((resolve) => {
      readIt = resolve
    })
    const server = await start([{ status: 200, framing: 'close', body: ['half', { until }, 'RST'] }])
    const socket = connect(server.port, '127.0.0.1').on('error', () => {})
    socket.write(get)
    await readUpTo(socket, 'half')
    readIt()
    const [error] = await once(socket, 'error')
    expect(error.code).toBe('ECONNRESET')
  })

  it('come from a generator too, at the pace the client reads them', async () => {
    let made = 0
    const server = await start([
      {
        status: 200,
        body: (function* () {
          for (;;) {
            made++
            yield new Uint8Array(64 * 1024)
          }
        })(),
      },
    ])
    const socket = connect(server.port, '127.0.0.1')
    socket.pause()
    socket.write(get)
    await server.request(0)
    const settled = await stable(() => made)
    expect(server.requests[0]?.bytesSent).toBeGreaterThan(0)
    // What the kernel buffers, and no more: 64 MB would be a server that does not wait.
    expect(settled).toBeLessThan(1000)
    socket.resume()
    while (made < settled + 100) await once(socket, 'data')
    socket.destroy()
    expect(await server.closed(0)).toBe('client')
  })
})

/** The value of `probe` once it has stopped changing. */
async function stable(probe: () => number): Promise<number> {
  for (let last = -1; ; ) {
    const now = probe()
    if (now === last) return now
    last = now
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}

describe('compressed steps', () => {
  const codings = [
    ['gzip', { gzip: 'data: a\n\n' }, { gzip: 'data: b\n\n' }, zlib.createGunzip],
    ['br', { br: 'data: a\n\n' }, { br: 'data: b\n\n' }, zlib.createBrotliDecompress],
    ['zstd', { zstd: 'data: a\n\n' }, { zstd: 'data: b\n\n' }, zlib.createZstdDecompress],
  ] as const
  for (const [coding, first, second, createDecoder] of codings) {
    it(`of ${coding} can be read before the body ends, and make one stream with a trailer`, async () => {
      let release = (): void => {}
      const until = new Promise<void>((resolve) => {
        release = resolve
      })
      const server = await start([
        {
          status: 200,
          framing: 'close',
          headers: { 'content-encoding': coding },
          body: [first, { until }, second, 'END'],
        },
      ])
      const response = await new Promise<http.IncomingMessage>((resolve) => http.get(server.url, resolve))
      const decoded = response.pipe(createDecoder())
      let text = ''
      decoded.on('data', (chunk: Buffer) => {
        text += chunk
        if (text === 'data: a\n\n') release()
      })
      await once(decoded, 'end')
      expect(text).toBe('data: a\n\ndata: b\n\n')
    })
  }

  it('may be larger than what a stream buffers', async () => {
    const text = randomBytes(2_000_000).toString('base64')
    const server = await start([{ status: 200, framing: 'close', body: [{ gzip: text }, { gzip: 'end' }] }])
    const response = await new Promise<http.IncomingMessage>((resolve) => http.get(server.url, resolve))
    const decoded = Buffer.concat(await response.pipe(zlib.createGunzip()).toArray())
    expect(decoded.toString() === `${text}end`).toBe(true)
  })

  it('of two codings in one body are refused, and close() says so', async () => {
    const server = await createScriptedServer([{ status: 200, body: [{ gzip: 'a' }, { br: 'b' }] }])
    await exchange(server)
    await expect(server.close()).rejects.toThrow('a body has one coding: gzip or br')
  })
})

describe('what the server remembers', () => {
  it('is the request as sent: method, path, headers raw and joined, body', async () => {
    const server = await start([])
    await exchange(
      server,
      'POST /a?b=1 HTTP/1.1\r\nHost: x\r\nX-A: 1\r\nx-a:  2 \r\nLast-Event-ID: \xe2\x80\xa6\r\nContent-Length: 3\r\n\r\nabc',
    )
    const request = await server.request(0)
    expect(request).toMatchObject({
      index: 0,
      connection: 0,
      method: 'POST',
      path: '/a?b=1',
      httpVersion: '1.1',
    })
    expect(request.headers['x-a']).toBe('1, 2')
    expect(request.rawHeaders).toContainEqual(['x-a', '2'])
    expect(request.body.toString()).toBe('abc')
    expect(request.closedByClient).toBe(false)
  })

  it('is a Last-Event-ID read as UTF-8, and its bytes', async () => {
    const server = await start([])
    const socket = connect(server.port, '127.0.0.1')
    socket.write(Buffer.from('GET / HTTP/1.1\r\nLast-Event-ID: \xe2\x80\xa6\r\n\r\n', 'latin1'))
    const request = await server.request(0)
    expect(request.lastEventId).toBe('…')
    expect(request.headers['last-event-id']).toBe('\xe2\x80\xa6')
    socket.destroy()
  })

  it('is a chunked body with its coding undone, however the request is cut', async () => {
    const server = await start([])
    const socket = connect(server.port, '127.0.0.1')
    socket.setNoDelay(true)
    for (const byte of 'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n') {
      socket.write(byte)
      await new Promise(setImmediate)
    }
    expect((await server.request(0)).body.toString()).toBe('abcde')
    socket.destroy()
  })

  it('is the time an attempt was over', async () => {
    const server = await start([{ status: 200, body: [{ sleep: 20 }, 'END'] }])
    await exchange(server)
    const { receivedAt, endedAt } = await server.ended(0)
    expect(endedAt).toBeGreaterThanOrEqual(receivedAt + 19)
  })

  it('is who closed the connection: the server by its script', async () => {
    const server = await start([{ status: 200, body: ['END'] }])
    await exchange(server)
    expect(await server.closed(0)).toBe('server')
    expect(server.requests[0]?.closedByClient).toBe(false)
  })

  for (const how of ['end', 'resetAndDestroy'] as const) {
    it(`is who closed the connection: the client by ${how}, while the server is silent`, async () => {
      const server = await start([{ status: 200, body: ['data: a\n\n', 'HOLD'] }])
      const socket = connect(server.port, '127.0.0.1')
      socket.write(get)
      await readUpTo(socket, 'data: a')
      expect(server.requests[0]?.endedAt).toBeUndefined()
      socket[how]()
      expect(await server.closed(0)).toBe('client')
      expect((await server.ended(0)).closedByClient).toBe(true)
    })
  }

  it('is every request after the script too, each answered 204', async () => {
    const server = await start([{ status: 200, body: ['END'] }])
    for (let i = 0; i < 3; i++) await exchange(server)
    expect(server.requests).toHaveLength(3)
    expect((await exchange(server)).text).toMatch(/^HTTP\/1\.1 204 No Content\r\n/)
  })
})

describe('one connection', () => {
  it('takes the next request where the attempt keeps it alive', async () => {
    const server = await start([
      { status: 200, framing: 'length', keepAlive: true, body: ['a'] },
      { status: 200, keepAlive: true, body: ['b'] },
      { status: 200, framing: 'close', keepAlive: true, body: ['c'] },
    ])
    const { text } = await exchange(server, get + get + get)
    expect(text.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(3)
    expect(server.requests.map(({ connection }) => connection)).toEqual([0, 0, 0])
    expect(server.connections).toBe(1)
  })

  it('counts as one though no request came on it', async () => {
    const server = await start([])
    const socket = connect(server.port, '127.0.0.1')
    await once(socket, 'connect')
    socket.end()
    await once(socket, 'close')
    expect(server.connections).toBe(1)
    expect(server.requests).toHaveLength(0)
  })
})

describe('a script', () => {
  it('may be a function of the request, async too', async () => {
    const server = await start(async ({ index, path }) =>
      index > 1 ? undefined : { status: 200, framing: 'close', body: [`${index} ${path}`] },
    )
    expect((await exchange(server)).text).toMatch(/0 \/$/)
    expect((await exchange(server, get.replace('/ ', '/x '))).text).toMatch(/1 \/x$/)
    expect((await exchange(server)).text).toMatch(/ 204 /)
  })

  it('that throws breaks the connection, and close() rejects with its error', async () => {
    const server = await createScriptedServer(() => {
      throw new Error('no idea')
    })
    await exchange(server)
    await expect(server.close()).rejects.toThrow('no idea')
  })

  it('with hex that is none is refused with what was given', async () => {
    const server = await createScriptedServer([{ raw: [{ hex: 'zz' }] }])
    await exchange(server)
    await expect(server.close()).rejects.toThrow('{hex} takes pairs of hex digits, got "zz"')
  })

  it('is not to blame where the client sends no HTTP: close() says what came', async () => {
    const server = await createScriptedServer([])
    await exchange(server, 'hello\r\n\r\n')
    await expect(server.close()).rejects.toThrow('not an HTTP request line: "hello"')
  })
})

it('a Content-Length that is none is refused', async () => {
  const server = await createScriptedServer([])
  await exchange(server, 'POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n')
  await expect(server.close()).rejects.toThrow('not a Content-Length: "x"')
})

describe('waiting', () => {
  it('for a request that never comes is rejected at close, with what was awaited', async () => {
    const server = await createScriptedServer([])
    const request = server.request(2)
    await server.close()
    await expect(request).rejects.toThrow('the scripted server was closed before request 2 arrived')
  })

  it('that nobody looks at does no harm', async () => {
    const server = await createScriptedServer([])
    void server.closed(0)
    await server.close()
    await server.close()
  })
})

describe('over TLS', () => {
  it('a client that trusts the test certificate is served, by name and by address', async () => {
    const server = await start(() => ({ status: 200, body: ['data: a\n\n'] }), { tls: true })
    for (const url of [server.url, server.url.replace('127.0.0.1', 'localhost')]) {
      const response = await new Promise<http.IncomingMessage>((resolve, reject) =>
        https.get(url, { ca: testCertificate.cert }, resolve).on('error', reject),
      )
      expect(String(await response.toArray())).toBe('data: a\n\n')
    }
  })

  it('a client with the defaults refuses it, and that is no error of the script', async () => {
    const server = await start([], { tls: true })
    await expect(new Promise((_, reject) => https.get(server.url).on('error', reject))).rejects.toMatchObject(
      { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' },
    )
  })

  it('a reset goes to the connection below', async () => {
    const server = await start([{ raw: ['RST'] }], { tls: true })
    await expect(
      new Promise((_, reject) => https.get(server.url, { ca: testCertificate.cert }).on('error', reject)),
    ).rejects.toMatchObject({ code: 'ECONNRESET' })
  })
})

it('a server comes back on the port of one that is gone', async () => {
  const first = await createScriptedServer([])
  await first.close()
  const second = await start([], { port: first.port })
  expect(second.url).toBe(first.url)
  await expect(createScriptedServer([], { port: second.port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
})
