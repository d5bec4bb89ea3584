import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import {
  createScriptedHttp2Server,
  createScriptedServer,
  type ScriptedHttp2Server,
  scenarios,
  testCertificate,
} from '@rxsse/testing'
import { Agent } from 'undici'
import { describe, expect, it, onTestFinished } from 'vitest'
import { record } from '../../test/record.ts'
import { createFlowGate, undiciTransport } from '../index.ts'

describe('unsubscribing closes the socket at once', () => {
  it('while TLS is negotiated', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    const accepted = once(server, 'connection')
    const stream = record(`https://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    const [socket] = await accepted
    // The first bytes of the handshake have come, and get no answer.
    await once(socket, 'data')
    const closed = once(socket, 'close')
    socket.on('error', () => {})
    stream.subscription.unsubscribe()
    await closed
  })

  it('while a redirect is followed', async () => {
    let go: () => void = () => {}
    const later = new Promise<void>((resolve) => {
      go = resolve
    })
    await using server = await createScriptedServer(({ path }) =>
      path === '/'
        ? { status: 302, headers: { location: '/there' }, body: [] }
        : { raw: [{ until: later }, 'HOLD'] },
    )
    const stream = record(server.url)
    await server.request(1)
    stream.subscription.unsubscribe()
    expect(await server.closed(1)).toBe('client')
    expect(['client', 'server']).toContain(await server.closed(0))
    go()
  })

  it('while the gate is shut', async () => {
    await using server = await createScriptedServer([{ status: 200, body: ['data: a\n\n', 'HOLD'] }])
    const gate = createFlowGate({ high: 1 })
    gate.acquire()
    const stream = record(server.url, { gate })
    await stream.state('open')
    stream.subscription.unsubscribe()
    expect(await server.closed(0)).toBe('client')
  })
})

it('streams that come and go on one HTTP/2 connection leave nothing behind', async () => {
  const server: ScriptedHttp2Server = await createScriptedHttp2Server(() => [
    { head: { status: 200 } },
    'HOLD',
  ])
  const dispatcher = new Agent({ allowH2: true, connect: { ca: testCertificate.cert } })
  const transport = undiciTransport({ dispatcher })
  const warnings: Error[] = []
  const onWarning = (warning: Error): void => void warnings.push(warning)
  process.on('warning', onWarning)
  for (let i = 0; i < 100; i++) {
    const stream = record(server.url, { transport })
    // Some leave before the head, some after it.
    if (i % 2 === 0) await stream.state('open')
    else await server.request(i)
    stream.subscription.unsubscribe()
    expect((await server.ended(i)).resetByClient).toBeDefined()
  }
  expect(server.offered).toHaveLength(1)
  process.off('warning', onWarning)
  expect(warnings).toEqual([])
  await dispatcher.close()
  await server.close()
})

describe('the timeouts of undici', () => {
  it.each([undefined, new Agent({ headersTimeout: 50, bodyTimeout: 50 })])(
    'do not end a stream whose head and events are late (%#)',
    async (dispatcher) => {
      const { http1 } = scenarios.lateHead({ delay: 1500, events: ['a'] })
      await using late = await createScriptedServer(http1)
      await using quiet = await createScriptedServer([
        { status: 200, body: ['data: a\n\n', { sleep: 1500 }, 'data: b\n\n'] },
      ])
      const options = { transport: undiciTransport(dispatcher && { dispatcher }), reconnect: false as const }
      const streams = [record(late.url, options), record(quiet.url, options)]
      expect(await Promise.all(streams.map((stream) => stream.over()))).toEqual([undefined, undefined])
      expect(streams.map(({ data }) => data)).toEqual([['a'], ['a', 'b']])
    },
  )
})
