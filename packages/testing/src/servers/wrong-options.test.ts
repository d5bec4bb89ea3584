import { connect } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Fault, randomFaults } from './fault-proxy/fault.ts'
import { createFaultProxy } from './fault-proxy/fault-proxy.ts'
import { createScriptedHttp2Server } from './http2/scripted-http2-server.ts'
import { createResumingFeed } from './resuming-feed/resuming-feed.ts'
import { scenarios } from './scenarios.ts'
import type { Script } from './scripted/script.ts'
import { createScriptedServer } from './scripted/scripted-server.ts'

/** What a program without types may pass. */
const any = (value: unknown) => value as never

/** Sends one request and waits until the connection is closed. */
function ask(port: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\n\r\n'))
    socket.on('error', () => {})
    socket.on('data', () => {})
    socket.on('close', () => resolve())
  })
}

describe('a wrong option', () => {
  it.each<[string, () => unknown]>([
    ['script must be a list of attempts or a function', () => createScriptedServer(any(undefined))],
    ['script[1] must be an attempt', () => createScriptedServer([{ raw: [] }, any('CUT')])],
    ['script[0].status must be', () => createScriptedServer([{ status: any('200'), body: [] }])],
    ['script[0].body must be a list', () => createScriptedServer([{ status: 200, body: any('data: a') }])],
    ['script[0].raw must be a list', () => createScriptedServer([{ raw: any(new Uint8Array(1)) }])],
    [
      'script[0].framing must be',
      () => createScriptedServer([{ status: 200, framing: any('chunk'), body: [] }]),
    ],
    [
      'script[0].headers: age must be a string, a list of strings or null, not the number 5',
      () => createScriptedServer([{ status: 200, headers: { age: any(5) }, body: [] }]),
    ],
    ['tls must be a boolean', () => createScriptedServer([], { tls: any({}) })],
    ['script must be a list of steps', () => createScriptedHttp2Server(any({}))],
    ['messages must be a list or a whole number', () => createResumingFeed({ messages: -1 })],
    ['retry must be', () => createResumingFeed({ messages: 1, retry: any('1s') })],
    [
      "disconnects[0].by must be 'END', 'FIN', 'RST' or 'SILENCE'",
      () => createResumingFeed({ messages: 1, disconnects: [{ part: 'body', bytes: 1, by: any('RESET') }] }),
    ],
    [
      'disconnects[0].part must be',
      () => createResumingFeed({ messages: 1, disconnects: [{ part: any('foot'), bytes: 1, by: 'FIN' }] }),
    ],
    [
      'disconnects[0].bytes must be',
      () =>
        createResumingFeed({ messages: 1, disconnects: [{ part: 'head', bytes: Number.NaN, by: 'FIN' }] }),
    ],
    ['createFaultProxy: target must be', () => createFaultProxy({ target: 99_999, seed: 1 })],
    ['createFaultProxy: target must be', () => createFaultProxy({ target: 'localhost', seed: 1 })],
    ['createFaultProxy: seed must be', () => createFaultProxy({ target: 80, seed: Number.NaN })],
    ['createFaultProxy: plan must be', () => createFaultProxy({ target: 80, seed: 1, plan: any([]) })],
    ['randomFaults: kinds must be', () => randomFaults({ kinds: any(['rst']) })],
    ['randomFaults: kinds must be', () => randomFaults({ kinds: [] })],
    ['randomFaults: share must be', () => randomFaults({ share: 80 })],
    ['randomFaults: maxBytes must be', () => randomFaults({ maxBytes: -1 })],
    ['randomFaults: maxDelay must be', () => randomFaults({ maxDelay: Number.NaN })],
    ['randomFaults: minBytesPerSecond must be', () => randomFaults({ minBytesPerSecond: 0 })],
    ['delay must be', () => scenarios.lateHead({ delay: Number.NaN, events: ['a'] })],
    ['pageSize must be', () => scenarios.polling({ pageSize: 0, events: ['a'] })],
    ['at must be', () => scenarios.reset({ at: Number.NaN, events: ['a'] })],
  ])('is a TypeError at the call: %s', async (message, call) => {
    await expect(async () => call()).rejects.toThrow(message)
  })
})

describe('a wrong script', () => {
  it.each<[string, Script]>([
    ['sleep must be', [{ status: 200, body: [{ sleep: 2 ** 31 }] }]],
    ['sleep must be', [{ raw: [{ sleep: Number.NaN }] }]],
    ['until must be a promise', [{ status: 200, body: [{ until: any(5) }] }]],
    ['gzip must be a string', [{ status: 200, body: [{ gzip: any(5) }] }]],
    ['hex must be', [{ status: 200, body: [{ hex: any(5) }] }]],
    ['a step must be a string, a Uint8Array or an object', [{ status: 200, body: [any(5)] }]],
    ['a step must be a string, a Uint8Array or an object', [{ status: 200, body: [any({})] }]],
    ['the attempt of request 0 must be an attempt', () => any(200)],
  ])('is the error of close: %s', async (message, script) => {
    const server = await createScriptedServer(script)
    await ask(server.port)
    await expect(server.close()).rejects.toThrow(message)
  })

  it.each<[string, unknown]>([
    ['the kind of a fault must be', [{ kind: 'rst', direction: 'to-client', after: 1 }]],
    ["the fault 'reset': direction must be", [{ kind: 'reset', direction: 'client', after: 1 }]],
    ["the fault 'reset': after must be", [{ kind: 'reset', direction: 'to-client', after: -1 }]],
    ['the faults of a connection must be a list', undefined],
  ])('of a fault proxy is the error of close: %s', async (message, faults) => {
    const proxy = await createFaultProxy({ target: 1, seed: 1, plan: () => faults as readonly Fault[] })
    await ask(proxy.port)
    await expect(proxy.close()).rejects.toThrow(message)
  })
})

describe('after close', () => {
  it('nothing is waited for that can no longer come', async () => {
    const server = await createScriptedServer([])
    await ask(server.port)
    await server.close()
    expect((await server.request(0)).index).toBe(0)
    await expect(server.request(1)).rejects.toThrow('the scripted server was closed before request 1 arrived')
    await expect(server.closed(1)).rejects.toThrow('the scripted server was closed')
    expect(() => server.request(-1)).toThrow('index must be a whole number of at least 0')
  })

  it('a fault proxy stays closed', async () => {
    const proxy = await createFaultProxy({ target: 1, seed: 1 })
    onTestFinished(() => proxy.close())
    await proxy.close()
    await expect(proxy.up()).rejects.toThrow('the fault proxy was closed')
  })
})
