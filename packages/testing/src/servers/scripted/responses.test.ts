import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import http from 'node:http'
import { connect } from 'node:net'
import zlib from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { exchange, get, readUpTo, start } from '../../../test/scripted-exchange.ts'
import { type Attempt, createScriptedServer } from '../../index.ts'

const head = (rest: string): string => `HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n${rest}\r\n`

describe('the bytes of a response', () => {
  const cases: [name: string, attempt: Attempt, expected: string, reset?: boolean][] = [
    [
      'are chunked, one chunk for each step, and end with the last chunk',
      { status: 200, body: ['data: a\n\n', 'data: ü\n\n', 'END', 'never sent'] },
      `${head('Transfer-Encoding: chunked\r\nConnection: close\r\n')}9\r\ndata: a\n\n\r\na\r\ndata: Ã¼\n\n\r\n0\r\n\r\n`,
    ],
    [
      'end with the last chunk if the steps name no ending',
      { status: 200, body: ['x'] },
      `${head('Transfer-Encoding: chunked\r\nConnection: close\r\n')}1\r\nx\r\n0\r\n\r\n`,
    ],
    [
      'have no last chunk if they are cut',
      { status: 200, body: ['x', 'CUT'] },
      `${head('Transfer-Encoding: chunked\r\nConnection: close\r\n')}1\r\nx\r\n`,
    ],
    [
      'have a Content-Length that counts them',
      { status: 200, framing: 'length', body: ['ü', { hex: 'ff00' }, new Uint8Array([65]), 'END'] },
      `${head('Content-Length: 5\r\nConnection: close\r\n')}Ã¼ÿ\0A`,
    ],
    [
      'are fewer than their Content-Length if they are cut',
      { status: 200, framing: 'length', body: ['abc', 'CUT'] },
      `${head('Content-Length: 4\r\nConnection: close\r\n')}abc`,
    ],
    [
      'end with the connection if the framing is close',
      { status: 200, framing: 'close', body: ['abc', 'END'] },
      `${head('Connection: close\r\n')}abc`,
    ],
    [
      'have no framing header if the framing is none',
      { status: 204, framing: 'none', headers: { 'Content-Type': null }, body: ['END'] },
      'HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n',
    ],
    [
      'have the given headers, in any letter case, repeated if listed',
      {
        status: 599,
        framing: 'close',
        headers: { 'CONTENT-TYPE': 'text/plain', 'set-cookie': ['a=1', 'b=2'], connection: 'x' },
        body: [],
      },
      'HTTP/1.1 599 Unknown\r\nCONTENT-TYPE: text/plain\r\nset-cookie: a=1\r\nset-cookie: b=2\r\nconnection: x\r\n\r\n',
    ],
    [
      'are exactly those of a raw attempt',
      { raw: ['HTTP/9.9 banana\r\n\r\n', { hex: '00ff' }, 'CUT'] },
      'HTTP/9.9 banana\r\n\r\n\0ÿ',
    ],
    ['are none if the connection is cut at once', { raw: [] }, ''],
    ['are none if the connection is reset at once', { raw: ['RST'] }, '', true],
  ]
  for (const [name, attempt, expected, reset = false] of cases) {
    it(name, async () => {
      const server = await start([attempt])
      expect(await exchange(server)).toEqual({ text: expected, reset })
    })
  }

  it('come before a reset if the script waits until the client has read them', async () => {
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

  it('come from a generator as fast as the client reads', async () => {
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
    // Only the kernel's buffers are full. A server that does not wait would have made 64 MB.
    expect(settled).toBeLessThan(1000)
    socket.resume()
    while (made < settled + 100) await once(socket, 'data')
    socket.destroy()
    expect(await server.closed(0)).toBe('client')
  })
})

describe('compressed steps', () => {
  const codings = [
    ['gzip', { gzip: 'data: a\n\n' }, { gzip: 'data: b\n\n' }, zlib.createGunzip],
    ['br', { br: 'data: a\n\n' }, { br: 'data: b\n\n' }, zlib.createBrotliDecompress],
    ['zstd', { zstd: 'data: a\n\n' }, { zstd: 'data: b\n\n' }, zlib.createZstdDecompress],
  ] as const
  for (const [coding, first, second, createDecoder] of codings) {
    it(`of ${coding} can be read before the body ends, and form one stream with a trailer`, async () => {
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

  it('may be larger than the buffer of a stream', async () => {
    const text = randomBytes(2_000_000).toString('base64')
    const server = await start([{ status: 200, framing: 'close', body: [{ gzip: text }, { gzip: 'end' }] }])
    const response = await new Promise<http.IncomingMessage>((resolve) => http.get(server.url, resolve))
    const decoded = Buffer.concat(await response.pipe(zlib.createGunzip()).toArray())
    expect(decoded.toString() === `${text}end`).toBe(true)
  })

  it('of two codings in one body make close() reject', async () => {
    const server = await createScriptedServer([{ status: 200, body: [{ gzip: 'a' }, { br: 'b' }] }])
    await exchange(server)
    await expect(server.close()).rejects.toThrow('a body must have one coding, gzip or br')
  })
})

/** Resolves with the value of `probe` when it has stopped changing. */
async function stable(probe: () => number): Promise<number> {
  for (let last = -1; ; ) {
    const now = probe()
    if (now === last) return now
    last = now
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}
