import { once } from 'node:events'
import type http from 'node:http'
import https from 'node:https'
import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { exchange, get, readUpTo, start } from '../../../test/scripted-exchange.ts'
import { createScriptedServer, testCertificate } from '../../index.ts'

describe('the record of a request', () => {
  it('contains the method, path, headers raw and joined, and body', async () => {
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

  it('contains the Last-Event-ID as UTF-8, and its bytes', async () => {
    const server = await start([])
    const socket = connect(server.port, '127.0.0.1')
    socket.write(Buffer.from('GET / HTTP/1.1\r\nLast-Event-ID: \xe2\x80\xa6\r\n\r\n', 'latin1'))
    const request = await server.request(0)
    expect(request.lastEventId).toBe('…')
    expect(request.headers['last-event-id']).toBe('\xe2\x80\xa6')
    socket.destroy()
  })

  it('contains a chunked body without its coding, also if the request arrives byte by byte', async () => {
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

  it('contains the time when the attempt ended', async () => {
    const server = await start([{ status: 200, body: [{ sleep: 20 }, 'END'] }])
    await exchange(server)
    const { receivedAt, endedAt } = await server.ended(0)
    expect(endedAt).toBeGreaterThanOrEqual(receivedAt + 19)
  })

  it('says that the server closed the connection', async () => {
    const server = await start([{ status: 200, body: ['END'] }])
    await exchange(server)
    expect(await server.closed(0)).toBe('server')
    expect(server.requests[0]?.closedByClient).toBe(false)
  })

  for (const how of ['end', 'resetAndDestroy'] as const) {
    it(`says that the client closed the connection by ${how} while the server was silent`, async () => {
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

  it('exists for requests after the script too, which are answered with 204', async () => {
    const server = await start([{ status: 200, body: ['END'] }])
    for (let i = 0; i < 3; i++) await exchange(server)
    expect(server.requests).toHaveLength(3)
    expect((await exchange(server)).text).toMatch(/^HTTP\/1\.1 204 No Content\r\n/)
  })
})

describe('one connection', () => {
  it('takes the next request if the attempt keeps it alive', async () => {
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

  it('counts even without a request', async () => {
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
  it('may be a function of the request, also an async one', async () => {
    const server = await start(async ({ index, path }) =>
      index > 1 ? undefined : { status: 200, framing: 'close', body: [`${index} ${path}`] },
    )
    expect((await exchange(server)).text).toMatch(/0 \/$/)
    expect((await exchange(server, get.replace('/ ', '/x '))).text).toMatch(/1 \/x$/)
    expect((await exchange(server)).text).toMatch(/ 204 /)
  })

  it('that throws closes the connection, and close() rejects with its error', async () => {
    const server = await createScriptedServer(() => {
      throw new Error('no idea')
    })
    await exchange(server)
    await expect(server.close()).rejects.toThrow('no idea')
  })

  it('with wrong hex digits makes close() reject with an error that shows them', async () => {
    const server = await createScriptedServer([{ raw: [{ hex: 'zz' }] }])
    await exchange(server)
    await expect(server.close()).rejects.toThrow('hex must be pairs of hex digits, not the string "zz"')
  })

  it('is correct if the client does not send HTTP: close() rejects with an error that shows the bytes', async () => {
    const server = await createScriptedServer([])
    await exchange(server, 'hello\r\n\r\n')
    await expect(server.close()).rejects.toThrow('not an HTTP request line: "hello"')
  })
})

it('a wrong Content-Length makes close() reject', async () => {
  const server = await createScriptedServer([])
  await exchange(server, 'POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n')
  await expect(server.close()).rejects.toThrow('not a Content-Length: "x"')
})

describe('waiting for a request', () => {
  it('that never comes is rejected by close(), with an error that names the request', async () => {
    const server = await createScriptedServer([])
    const request = server.request(2)
    await server.close()
    await expect(request).rejects.toThrow('the scripted server was closed before request 2 arrived')
  })

  it('does not cause an unhandled rejection if nobody awaits it', async () => {
    const server = await createScriptedServer([])
    void server.closed(0)
    await server.close()
    await server.close()
  })
})

describe('over TLS', () => {
  it('a client that trusts the test certificate connects by name and by address', async () => {
    const server = await start(() => ({ status: 200, body: ['data: a\n\n'] }), { tls: true })
    for (const url of [server.url, server.url.replace('127.0.0.1', 'localhost')]) {
      const response = await new Promise<http.IncomingMessage>((resolve, reject) =>
        https.get(url, { ca: testCertificate.cert }, resolve).on('error', reject),
      )
      expect(String(await response.toArray())).toBe('data: a\n\n')
    }
  })

  it('a client with the defaults rejects the certificate, and close() does not reject', async () => {
    const server = await start([], { tls: true })
    await expect(new Promise((_, reject) => https.get(server.url).on('error', reject))).rejects.toMatchObject(
      { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' },
    )
  })

  it('a reset is a TCP reset', async () => {
    const server = await start([{ raw: ['RST'] }], { tls: true })
    await expect(
      new Promise((_, reject) => https.get(server.url, { ca: testCertificate.cert }).on('error', reject)),
    ).rejects.toMatchObject({ code: 'ECONNRESET' })
  })
})

it('a server starts on the port of one that was closed', async () => {
  const first = await createScriptedServer([])
  await first.close()
  const second = await start([], { port: first.port })
  expect(second.url).toBe(first.url)
  await expect(createScriptedServer([], { port: second.port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
})
