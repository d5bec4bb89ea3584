import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import { of } from 'rxjs'
import { describe, expect, it, onTestFinished } from 'vitest'
import { expectIdle } from '../../test/idle.ts'
import { connectRaw } from '../../test/raw-request.ts'
import { openReader } from '../../test/reader.ts'
import { memoryLog } from '../log/memory-log.ts'
import { createSink } from '../sink/sink.ts'
import { streamTo } from '../stream-to/stream-to.ts'
import { readJson } from './read-json.ts'
import type { SinkRequest } from './request.ts'
import type { StreamEndpoint } from './stream-endpoint.ts'

const character = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...'abz019/?#&=%,;:.*-_[]@"\'<>\\ \t') },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code)) },
)
const text = fc.string({ unit: character, maxLength: 30 })

const target = fc.oneof(
  fc.constantFrom(
    '/',
    '/?room=a',
    '/?rooms=__proto__,constructor',
    '/?event_type=a.*,*',
    '/?lastEventId=earliest',
  ),
  fc.constantFrom(
    '*',
    '//',
    '/..//%2e',
    'http://[/',
    'http://x:99999/',
    'localhost:80',
    '/%',
    `/?${'a=b&'.repeat(200)}`,
  ),
  text.map((rest) => `/${rest.replaceAll(/[\s\0]/g, '')}`),
)

const header = fc.oneof(
  fc.record({
    name: fc.constantFrom('Host', 'Last-Event-ID', 'Accept', 'Accept-Encoding', 'Origin', 'Cookie', 'X-Key'),
    value: text,
  }),
  fc.record({
    name: fc.constantFrom('Authorization', 'Content-Type', 'Access-Control-Request-Method', 'Forwarded'),
    value: text,
  }),
  fc.constantFrom(
    { name: 'Host', value: 'x/rooms/secret?' },
    { name: 'Accept-Encoding', value: 'gzip, *;q=0' },
    { name: 'Connection', value: 'close' },
    { name: 'Connection', value: 'Upgrade, HTTP2-Settings' },
    { name: 'Upgrade', value: 'websocket' },
    { name: 'Expect', value: '100-continue' },
    { name: 'Transfer-Encoding', value: 'chunked' },
    { name: 'Content-Length', value: '2' },
    { name: 'Content-Length', value: '1000000' },
    { name: 'Origin', value: 'null' },
  ),
)

const request = fc
  .record({
    method: fc.constantFrom(
      'GET',
      'GET',
      'GET',
      'POST',
      'HEAD',
      'OPTIONS',
      'DELETE',
      'get',
      'QUERY',
      'CONNECT',
    ),
    target,
    version: fc.constantFrom('1.1', '1.1', '1.1', '1.0', '2.0'),
    headers: fc.array(header, { maxLength: 6 }),
    host: fc.constantFrom('Host: x\r\n', 'Host: x\r\n', ''),
    body: fc.constantFrom('', '', '{}', '2\r\n{}\r\n0\r\n\r\n', '[1', 'x'.repeat(100_000)),
  })
  .map(({ method, target: path, version, headers, host, body }) => {
    const lines = headers.map(({ name, value }) => `${name}: ${value}\r\n`).join('')
    return `${method} ${path} HTTP/${version}\r\n${host}${lines}\r\n${body}`
  })

const client = fc.record({
  requests: fc.array(request, { minLength: 1, maxLength: 4 }),
  /** Where the bytes are divided into packets, as shares of their length. */
  cuts: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 3 }),
  leaving: fc.constantFrom('ends its half', 'closes', 'resets'),
  reads: fc.boolean(),
  waits: fc.nat(2),
})
type Client = typeof client extends fc.Arbitrary<infer Value> ? Value : never

/** Reads what a program may read of a request. Whatever the host says, the path is that of the target. */
function look({ url, headers, method, signal, raw }: SinkRequest, wrongPaths: string[]): boolean {
  const { url: target = '' } = raw as IncomingMessage
  if (target.startsWith('/') && new URL(`http://x${target}`).pathname !== url.pathname)
    wrongPaths.push(target)
  return [...headers].length + method.length > 0 && !signal.aborted
}

const ENDPOINTS: Readonly<Record<string, (wrongPaths: string[]) => StreamEndpoint>> = {
  'a sink': (wrongPaths) => {
    const log = memoryLog({ capacity: 50 })
    const sink = createSink({
      log,
      compression: 'shared',
      newcomers: { last: 3 },
      allowEarliest: true,
      cors: { origins: (origin) => origin.includes('a') },
      access: (asked) => (look(asked, wrongPaths) ? { allow: true } : { deny: 403 }),
      rooms: { authorize: (_asked, rooms) => rooms.every((room) => room !== '') },
      limits: {
        connections: 50,
        connectionsPerKey: 20,
        key: ({ headers }) => headers.get('x-key') ?? undefined,
      },
      takeover: true,
      onError: () => {},
    })
    for (let n = 0; n < 100; n++) sink.next({ type: 'ab'[n % 2] as string, data: n })
    return sink
  },
  'a streamTo': (wrongPaths) =>
    streamTo(
      async (asked) => {
        if (look(asked, wrongPaths) && asked.method === 'POST')
          return [{ data: await readJson(asked, 1_000) }]
        return of({ data: 1 }, { data: 2 })
      },
      {
        methods: ['GET', 'POST'],
        cors: { origins: ['https://a.example'], credentials: true },
        onError: () => {},
      },
    ),
}

async function listen({ handler }: StreamEndpoint): Promise<{ server: Server; url: string }> {
  const server = createServer(handler).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

/** Resolves to what the client has read when it leaves. */
async function send(url: string, { requests, cuts, leaving, reads, waits }: Client): Promise<string> {
  const bytes = requests.join('')
  const places = [
    ...cuts.map((share) => Math.floor(share * bytes.length)).sort((a, b) => a - b),
    bytes.length,
  ]
  const socket = connectRaw(url, '')
  let read = ''
  if (reads) {
    socket.on('data', (chunk) => {
      read += chunk.toString('latin1')
    })
  }
  await once(socket, 'connect')
  let from = 0
  for (const to of places) {
    socket.write(bytes.slice(from, to), 'latin1')
    from = to
    await new Promise(setImmediate)
  }
  for (let n = 0; n < waits; n++) await new Promise((resolve) => setTimeout(resolve, 1))
  if (leaving === 'ends its half') socket.end()
  else if (leaving === 'resets' && !socket.destroyed) socket.resetAndDestroy()
  socket.destroy()
  if (!socket.closed) await once(socket, 'close')
  return read
}

describe.each(Object.entries(ENDPOINTS))('%s', (_name, create) => {
  it('answers any requests in well-formed heads, keeps nothing of them, and serves the next client', async () => {
    const wrongPaths: string[] = []
    const endpoint = create(wrongPaths)
    const { server, url } = await listen(endpoint)
    await fc.assert(
      fc.asyncProperty(fc.array(client, { minLength: 1, maxLength: 6 }), async (clients) => {
        const answers = await Promise.all(clients.map((each) => send(url, each)))
        for (const [n, answer] of answers.entries()) expectHeads(answer, clients[n]?.requests.length ?? 0)
        expect(wrongPaths).toEqual([])
        await expectIdle(endpoint, { server })
        const reader = await openReader(url)
        expect(reader.status).toBe(200)
        reader.close()
        await expectIdle(endpoint, { server })
      }),
      { numRuns: 60 },
    )
    await endpoint.close()
  })
})

/** The heads on the wire are the server's: nothing of a request has become a field of one. */
function expectHeads(answer: string, requests: number): void {
  const heads = answer.match(/HTTP\/1\.1 \d{3} [A-Z][^\r\n]*\r\n(?:[^\r\n]+\r\n)*\r\n/g) ?? []
  // What follows a body that is longer than it says is no request. Node answers it, and closes.
  const isNode = heads.at(-1) === 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n'
  const answers = isNode ? heads.length - 1 : heads.length
  // Beside each answer, there may be a 100.
  expect(answers).toBeLessThanOrEqual(2 * requests)
  for (const head of heads) {
    for (const line of head.split('\r\n').slice(1, -2)) {
      expect(FIELDS).toContain(line.slice(0, line.indexOf(':')).toLowerCase())
    }
  }
}

const FIELDS = [
  'access-control-allow-credentials',
  'access-control-allow-headers',
  'access-control-allow-methods',
  'access-control-allow-origin',
  'access-control-max-age',
  'allow',
  'cache-control',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'date',
  'keep-alive',
  'transfer-encoding',
  'vary',
  'x-accel-buffering',
]
