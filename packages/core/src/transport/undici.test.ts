import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createSecureServer, type Http2SecureServer } from 'node:http2'
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createScriptedServer, testCertificate } from '@rxsse/testing'
import { Agent, buildConnector, Pool, ProxyAgent } from 'undici'
import { describe, expect, it } from 'vitest'
import { record } from '../../test/record.ts'
import { iterateEventSource, undiciTransport } from '../index.ts'

const soon = { initialDelay: 1, minDelay: 1, jitter: 0 } as const
const ca = testCertificate.cert

describe('TLS', () => {
  it('with a certificate that does not verify is refused, for good', async () => {
    await using server = await createScriptedServer([], { tls: true })
    const error = await record(server.url).over()
    expect(error).toMatchObject({ code: 'tls', cause: { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' } })
    expect(server.requests).toHaveLength(0)
  })

  it('with a certificate for another name is refused, for good', async () => {
    await using server = await createScriptedServer([], { tls: true, host: '127.0.0.2' })
    const transport = undiciTransport({ dispatcher: new Agent({ connect: { ca } }) })
    expect(await record(server.url, { transport }).over()).toMatchObject({
      code: 'tls',
      cause: { code: 'ERR_TLS_CERT_ALTNAME_INVALID' },
    })
  })

  it('is spoken with a custom certificate authority', async () => {
    await using server = await createScriptedServer([{ status: 200, body: ['data: a\n\n', 'HOLD'] }], {
      tls: true,
    })
    const transport = undiciTransport({ dispatcher: new Agent({ connect: { ca } }) })
    const stream = record(server.url, { transport })
    await stream.received(1)
    stream.subscription.unsubscribe()
    expect(await server.closed(0)).toBe('client')
  })

  it('that the server does not support is retried', async () => {
    const server = createTcpServer((socket) => {
      // The client may reset the connection.
      socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n')
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const stream = record(`https://127.0.0.1:${(server.address() as AddressInfo).port}/`, { reconnect: soon })
    expect((await stream.state('waiting')).reason).toMatchObject({ code: 'network' })
    stream.subscription.unsubscribe()
    server.close()
  })
})

describe('a dispatcher', () => {
  it('that is an Agent reuses its kept-alive connection', async () => {
    await using server = await createScriptedServer(({ index }) =>
      index < 3 ? { status: 200, keepAlive: true, body: [`data: ${index}\n\n`] } : undefined,
    )
    const dispatcher = new Agent()
    const stream = record(server.url, { transport: undiciTransport({ dispatcher }), reconnect: soon })
    expect(await stream.over()).toBeUndefined()
    expect(stream.data).toEqual(['0', '1', '2'])
    expect(server.connections).toBe(1)
    await dispatcher.close()
  })

  it('may be a unix socket', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rxsse-'))
    const socketPath = join(folder, 'sse')
    const server = createHttpServer((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: a\n\n')
    }).listen(socketPath)
    await once(server, 'listening')
    const transport = undiciTransport({ dispatcher: new Pool('http://localhost', { socketPath }) })
    const stream = record('http://localhost/', { transport })
    await stream.received(1)
    stream.subscription.unsubscribe()
    server.close()
    await once(server, 'close')
    rmSync(folder, { recursive: true })
  })

  it('may be a proxy', async () => {
    await using server = await createScriptedServer([{ status: 200, body: ['data: a\n\n', 'HOLD'] }])
    const asked: string[] = []
    const proxy = createHttpServer().listen(0, '127.0.0.1')
    proxy.on('connect', (request, client) => {
      asked.push(request.url ?? '')
      const [host, port] = (request.url ?? '').split(':')
      const upstream = connect(Number(port), host, () => {
        client.write('HTTP/1.1 200 Connection Established\r\n\r\n')
        upstream.pipe(client).pipe(upstream)
      })
      client.on('error', () => upstream.destroy())
      upstream.on('error', () => client.destroy())
    })
    await once(proxy, 'listening')
    const dispatcher = new ProxyAgent({
      uri: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
      proxyTunnel: true,
    })
    const stream = record(server.url, { transport: undiciTransport({ dispatcher }) })
    await stream.received(1)
    expect(asked).toEqual([`127.0.0.1:${server.port}`])
    stream.subscription.unsubscribe()
    await server.closed(0)
    await dispatcher.close()
    proxy.close()
  })

  it('that is still connecting sends nothing once the stream is unsubscribed', async () => {
    await using server = await createScriptedServer([])
    const connector = buildConnector({})
    let connect: (() => void) | undefined
    const dispatcher = new Agent({
      connect(options, callback) {
        connect = () => connector(options, callback)
      },
    })
    const stream = record(server.url, { transport: undiciTransport({ dispatcher }) })
    await expect.poll(() => connect).toBeDefined()
    stream.subscription.unsubscribe()
    connect?.()
    await dispatcher.close()
    expect(server.requests).toHaveLength(0)
  })
})

describe('HTTP/2', () => {
  async function serve(allowHTTP1: boolean): Promise<Http2SecureServer> {
    const server = createSecureServer({ ...testCertificate, allowHTTP1 }, (request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'x-version': request.httpVersion })
      response.write(`id: 1\ndata: ${request.headers['last-event-id'] ?? ''}\n\n`)
      if (!('last-event-id' in request.headers)) response.end()
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    return server
  }

  it('is used if the server supports nothing else', async () => {
    const server = await serve(false)
    const transport = undiciTransport({ dispatcher: new Agent({ connect: { ca }, allowH2: true }) })
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`
    const stream = record(url, { transport, reconnect: soon })
    await stream.received(2)
    expect(stream.data).toEqual(['', '1'])
    expect(await stream.state('open')).toHaveProperty('headers.x-version', '2.0')
    stream.subscription.unsubscribe()
    server.close()
  })

  it('is held back and resumed by a gate', async () => {
    const block = `data: ${'x'.repeat(1000)}\n\n`
    let sent = 0
    const server = createSecureServer(testCertificate, (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      const fill = (): void => {
        while (sent < 50_000_000 && response.write(block)) sent += block.length
        if (sent < 50_000_000) response.once('drain', fill)
        else response.end()
      }
      fill()
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const transport = undiciTransport({ dispatcher: new Agent({ connect: { ca }, allowH2: true }) })
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`
    const events = iterateEventSource(url, { transport, reconnect: false })
    await events.next()
    let before = -1
    await expect
      .poll(
        () => {
          const same = sent === before
          before = sent
          return same
        },
        { interval: 200 },
      )
      .toBe(true)
    expect(sent).toBeLessThan(20_000_000)
    let count = 1
    for await (const _ of events) count += 1
    expect(count * block.length).toBeGreaterThanOrEqual(50_000_000)
    server.close()
  })
})

describe('unsubscribing while it connects', () => {
  it('closes the socket of a server that accepts and is silent in TLS', async () => {
    const server = createTcpServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const stream = record(`https://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    const [socket] = await once(server, 'connection')
    const gone = once(socket, 'close')
    socket.on('error', () => {}).resume()
    stream.subscription.unsubscribe()
    await gone
    server.close()
  })
})
