import { setTimeout as sleep } from 'node:timers/promises'
import { createFaultProxy, createScriptedHttp2Server, testCertificate } from '@rxsse/testing'
import { VirtualClock } from '@rxsse/testing/virtual-time'
import { Agent } from 'undici'
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest'
import { record } from '../../test/record.ts'
import { undiciTransport } from '../index.ts'

const OK = { head: { status: 200 } } as const
/** More than TLS and HTTP/2 need to begin. */
const LARGE = `data: ${'x'.repeat(100_000)}\n\n`

// The time of the transport. That of the stream is the scheduler's.
beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

function overHttp2(settings: Agent.Options = {}): { readonly transport: ReturnType<typeof undiciTransport> } {
  const dispatcher = new Agent({ ...settings, allowH2: true, connect: { ca: testCertificate.cert } })
  onTestFinished(() => dispatcher.destroy())
  return { transport: undiciTransport({ dispatcher }) }
}

const options = { timeouts: { idle: '30s' }, reconnect: { initialDelay: 1, minDelay: 1, jitter: 0 } } as const

it.each([
  ['', {}],
  [', if more pings wait than may', { pingInterval: 1 }],
])('an HTTP/2 connection that is silent for good is not used for ever%s', async (_, settings) => {
  const server = await createScriptedHttp2Server(({ connection }) =>
    connection === 0 ? [OK, 'id: 1\ndata: a\n\n', LARGE, 'HOLD'] : [OK, 'data: b\n\n', 'HOLD'],
  )
  onTestFinished(() => server.close())
  await using proxy = await createFaultProxy({
    target: server.url,
    plan: (index) => (index === 0 ? [{ kind: 'swallow', direction: 'to-client', after: 50_000 }] : []),
  })
  const scheduler = new VirtualClock()
  const stream = record(proxy.url, { ...overHttp2(settings), ...options, scheduler })
  await stream.received(1)
  await expect.poll(() => proxy.connections[0]?.bytesToClient).toBe(50_000)
  // Node lets ten pings wait.
  if ('pingInterval' in settings) await sleep(30)
  scheduler.advanceBy(30_000)
  expect((await stream.state('waiting', 1)).reason).toMatchObject({ code: 'idle-timeout' })
  scheduler.advanceBy(1)
  await stream.state('connecting', 2)
  await vi.advanceTimersByTimeAsync(5_000)
  expect((await stream.state('waiting', 2)).reason).toMatchObject({ code: 'network' })
  // undici may try the closed connection once more.
  await expect
    .poll(() => {
      scheduler.advanceBy(100)
      return stream.data
    })
    .toEqual(['a', 'b'])
  // How many connections undici opens then is its own matter. On Node 22 it may open one that it does not use.
  expect(server.requests.map(({ connection }) => connection === 0)).toEqual([true, true, false])
  stream.subscription.unsubscribe()
})

it('an HTTP/2 connection that answers goes on, if one of its streams is silent', async () => {
  const server = await createScriptedHttp2Server(() => [OK, 'data: a\n\n', 'HOLD'])
  onTestFinished(() => server.close())
  const scheduler = new VirtualClock()
  const http2 = overHttp2()
  const other = record(server.url, http2)
  await other.received(1)
  const stream = record(server.url, { ...http2, ...options, scheduler })
  await stream.received(1)
  scheduler.advanceBy(30_000)
  await stream.state('waiting', 1)
  // The answer is on its way.
  await new Promise((resolve) => setImmediate(resolve))
  scheduler.advanceBy(1)
  await stream.received(2)
  await vi.advanceTimersByTimeAsync(5_000)
  expect(other.statuses).toEqual(['connecting', 'open'])
  expect(server.requests.map(({ connection }) => connection)).toEqual([0, 0, 0])
  other.subscription.unsubscribe()
  stream.subscription.unsubscribe()
})
