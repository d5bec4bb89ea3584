import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { SseMessage } from '@rxsse/shared'
import { NEVER, Observable, of, throwError } from 'rxjs'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { CountingScheduler, expectIdle } from '../../test/idle.ts'
import { memoryLog } from '../log/memory-log.ts'
import { RequestError } from '../sink/errors.ts'
import type { Target } from '../sink/message.ts'
import { createSink } from '../sink/sink.ts'
import { reply } from '../stream-to/reply.ts'
import { streamTo } from '../stream-to/stream-to.ts'
import type { StreamEndpoint } from './stream-endpoint.ts'

/** `pnpm fuzz` sets a seed of its own. */
const SEEDS = process.env.FUZZ_SEED === undefined ? [1, 2] : [Number(process.env.FUZZ_SEED)]

/** A generator of numbers from [0, 1) whose seed a failure shows (mulberry32). */
function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

type Random = () => number

function choose<T>(random: Random, values: readonly T[]): T {
  return values[Math.floor(random() * values.length)] as T
}

/** Waits, answers, throws or rejects: whatever a callback may do. */
async function hesitate(random: Random): Promise<void> {
  const what = random()
  if (what < 0.3) return
  if (what < 0.4) throw new Error('of a callback')
  if (what < 0.45) throw new RequestError(403, 'no')
  if (what < 0.5) return new Promise(() => {})
  await sleep(random() * 8)
}

/** A callback that gives its value, throws, rejects, or gives something of the wrong type. */
function createFlaky<T>(random: Random, value: () => T): () => T {
  return () => {
    const what = random()
    if (what < 0.85) return value()
    if (what < 0.9) return Promise.reject(new Error('of a callback')) as T
    if (what < 0.95) return Symbol('wrong') as T
    throw new Error('of a callback')
  }
}

function createFlakySink(random: Random, scheduler: CountingScheduler): StreamEndpoint {
  const log = memoryLog({ capacity: 2_000 })
  const name = () => choose(random, ['a', 'b', 'c'])
  const sink = createSink({
    log,
    scheduler,
    takeover: random() < 0.5,
    compression: 'shared',
    onComplete: choose(random, ['stay', 'close']),
    newcomers: choose(random, [
      'live',
      { last: 5 },
      { latestByKey: random() < 0.3 ? createFlaky(random, name) : name },
    ]),
    limits: {
      connections: 200,
      connectionsPerKey: 150,
      key: createFlaky(random, () => choose(random, ['a', 'b', undefined])),
    },
    rooms: { authorize: () => hesitate(random).then(() => true) },
    identify: createFlaky(random, () => choose(random, ['u', undefined])),
    cors: { origins: createFlaky(random, () => true) },
    topic: createFlaky(random, name),
    slowClient: {
      policy: choose(random, ['skip', 'disconnect', 'coalesce']),
      maxMessages: 5,
      key: createFlaky(random, name),
      notice: createFlaky<SseMessage>(random, () => ({ data: 'lagged' })),
    },
    tracing: { publish: createFlaky(random, () => undefined), deliver: createFlaky(random, () => {}) },
    access: async () => {
      await hesitate(random)
      if (random() < 0.1) return { deny: 401 }
      return random() < 0.2 ? { allow: true, expires: Date.now() + random() * 20 } : { allow: true }
    },
    onRejected: createFlaky(random, () => {}),
    onError: createFlaky(random, () => {}),
  })
  for (let n = 0; n < 1_000; n++) sink.next({ data: 'x'.repeat(200) })
  const publishing = setInterval(() => {
    sink.next({ data: 'x'.repeat(2_000) })
    if (random() < 0.1) sink.disconnect(choose<Target>(random, ['all', { room: 'a' }, { user: 'u' }]))
  }, 5)
  onTestFinished(() => clearInterval(publishing))
  return sink
}

function createFlakyStream(random: Random, scheduler: CountingScheduler, running: { count: number }) {
  const pipeline = (source: Observable<SseMessage>) =>
    new Observable<SseMessage>((subscriber) => {
      running.count++
      const subscription = source.subscribe(subscriber)
      return () => {
        running.count--
        subscription.unsubscribe()
      }
    })
  async function* generate(): AsyncGenerator<SseMessage> {
    running.count++
    try {
      for (let n = 0; n < 50; n++) {
        if (random() < 0.3) await sleep(1)
        yield { data: 'x'.repeat(random() * 5_000) }
      }
    } finally {
      running.count--
    }
  }
  return streamTo<SseMessage>(
    async () => {
      await hesitate(random)
      return choose<() => Observable<SseMessage> | AsyncGenerator<SseMessage> | ReturnType<typeof reply>>(
        random,
        [
          () => pipeline(NEVER),
          () => pipeline(of({ data: 1 })),
          () => pipeline(throwError(() => new Error('broken'))),
          generate,
          generate,
          () => reply({ a: 1 }),
          () => reply(undefined, { status: choose(random, [202, 0, 204]) }),
        ],
      )() as never
    },
    {
      methods: ['GET', 'POST'],
      head: choose(random, ['at-once', 'first-event']),
      takeover: random() < 0.5,
      limits: { connections: 200 },
      scheduler,
      onError: () => {},
    },
  )
}

/** Connects, sends what it likes, and leaves in one of several ways. */
async function churn(port: number, random: Random): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: random() < 0.2 })
  socket.on('error', () => {})
  if (random() < 0.7) socket.resume()
  const requests = Math.ceil(random() * random() * 20)
  for (let n = 0; n < requests; n++) {
    const method = choose(random, ['GET', 'GET', 'GET', 'HEAD', 'POST', 'OPTIONS'])
    const id = random() < 0.3 ? `Last-Event-ID: ${choose(random, ['x', '1', 'ą', 'x'.repeat(500)])}\r\n` : ''
    const coding = random() < 0.3 ? 'Accept-Encoding: gzip\r\nOrigin: https://a.example\r\n' : ''
    const query = choose(random, ['', '?room=a', '?event_type=a,b', '?lastEventId=z', '?rooms=__proto__'])
    const body = method === 'POST' ? 'Content-Length: 2\r\n\r\n{}' : '\r\n'
    socket.write(`${method} /${query} HTTP/1.1\r\nHost: x\r\n${id}${coding}${body}`, 'latin1')
    if (random() < 0.2) await sleep(random() * 4)
  }
  if (random() < 0.1) socket.write('GET / HTTP/1.1\r\nHo')
  await sleep(random() * 25)
  if (random() < 0.3) socket.end()
  else if (random() < 0.4 && !socket.destroyed) socket.resetAndDestroy()
  socket.destroy()
  if (!socket.closed) await once(socket, 'close')
}

async function listen(endpoint: StreamEndpoint): Promise<Server> {
  const server = createServer(endpoint.handler).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return server
}

// An `onError` that throws is told to the console.
beforeAll(() => void vi.spyOn(console, 'error').mockImplementation(() => {}))
afterAll(() => vi.restoreAllMocks())

describe.each(SEEDS)('of clients that come and go in any way, seed %i', (seed) => {
  it('a sink keeps nothing', async () => {
    const random = createRandom(seed)
    const scheduler = new CountingScheduler()
    const sink = createFlakySink(random, scheduler)
    const server = await listen(sink)
    const { port } = server.address() as AddressInfo
    for (let round = 0; round < 6; round++) {
      await Promise.all(Array.from({ length: 50 }, () => churn(port, random)))
    }
    await expectIdle(sink, { server, scheduler })
    await sink.close()
  })

  it('a streamTo keeps nothing', async () => {
    const random = createRandom(seed)
    const scheduler = new CountingScheduler()
    const running = { count: 0 }
    const endpoint = createFlakyStream(random, scheduler, running)
    const server = await listen(endpoint)
    const { port } = server.address() as AddressInfo
    for (let round = 0; round < 6; round++) {
      await Promise.all(Array.from({ length: 50 }, () => churn(port, random)))
    }
    await expectIdle(endpoint, { server, scheduler })
    await expect.poll(() => running.count).toBe(0)
    await endpoint.close()
  })

  it('the rest is answered or cut if the endpoint closes meanwhile, and its server closes', async () => {
    const random = createRandom(seed)
    const scheduler = new CountingScheduler()
    const running = { count: 0 }
    for (const endpoint of [
      createFlakySink(random, scheduler),
      createFlakyStream(random, scheduler, running),
    ]) {
      const server = await listen(endpoint)
      const { port } = server.address() as AddressInfo
      const churning = Promise.all(Array.from({ length: 80 }, () => churn(port, random)))
      await sleep(15)
      await endpoint.close({ finish: 5, drain: 5 })
      expect(endpoint.stats()).toMatchObject({ connections: 0, pending: 0 })
      await churning
      await expectIdle(endpoint, { server, scheduler })
      expect(running.count).toBe(0)
      await new Promise((resolve) => server.close(resolve))
    }
  })
})
