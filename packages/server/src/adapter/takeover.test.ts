import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { type AddressInfo, Socket } from 'node:net'
import { testCertificate } from '@rxsse/testing'
import { Subject } from 'rxjs'
import { describe, expect, it, onTestFinished } from 'vitest'
import { connectRaw } from '../../test/raw-request.ts'
import { openReader } from '../../test/reader.ts'
import { createTestSink, serve } from '../../test/serve.ts'
import { streamTo } from '../stream-to/stream-to.ts'
import { takeOver } from './takeover.ts'

describe('a connection is not taken over', () => {
  it('while its request is incomplete', async () => {
    const source = new Subject<{ data: number }>()
    const { handler } = streamTo(() => source, { methods: ['POST'], takeover: true })
    const request = 'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc'
    const socket = connectRaw(await serve(handler), request)
    let text = ''
    socket.on('data', (chunk: Buffer) => {
      text += chunk
    })
    await expect.poll(() => source.observed && text.includes(':\n')).toBe(true)
    source.next({ data: 1 })
    await expect.poll(() => text.includes('data: 1\n\n')).toBe(true)
    source.complete()
    await expect.poll(() => text.endsWith('0\r\n\r\n')).toBe(true)
  })

  it('if Node has no parser on its socket', () => {
    const socket = new Socket()
    onTestFinished(() => void socket.destroy())
    expect(takeOver({} as IncomingMessage, {} as ServerResponse, socket)).toBe(false)
  })
})

it('a connection that was taken over is closed by its sink, and not by its server', async () => {
  const sink = createTestSink({ takeover: true, heartbeat: false })
  const responses: ServerResponse[] = []
  const server = createServer((request, response) => {
    responses.push(response)
    sink.handler(request, response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const reader = await openReader(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  await expect.poll(() => responses[0]?.socket).toBe(null)
  server.closeAllConnections()
  await sink.publish({ data: 1 })
  await reader.take(1)
  await sink.close()
  expect(await reader.ended).toBe('end')
})

it('a connection with TLS is taken over', async () => {
  const sink = createTestSink({ takeover: true, heartbeat: false })
  const responses: ServerResponse[] = []
  const server = createSecureServer(testCertificate, (request, response) => {
    responses.push(response)
    sink.handler(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : 0
  const reader = await openReader(`https://127.0.0.1:${port}/`)
  await expect.poll(() => responses[0]?.socket).toBe(null)
  await sink.publish({ data: 1 })
  await reader.take(1)
  await sink.close()
  expect(await reader.ended).toBe('end')
})
