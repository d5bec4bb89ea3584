import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { connect, Socket } from 'node:net'
import { testCertificate } from '@rxsse/testing'
import { Subject } from 'rxjs'
import { describe, expect, it, onTestFinished } from 'vitest'
import { eventually } from '../../test/eventually.ts'
import { openReader } from '../../test/reader.ts'
import { serve } from '../../test/serve.ts'
import { opened } from '../../test/served.ts'
import { streamTo } from '../stream-to/stream-to.ts'
import { takeOver } from './takeover.ts'

describe('a connection is not taken over', () => {
  it('while its request is still on its way', async () => {
    const source = new Subject<{ data: number }>()
    const { handler } = streamTo(() => source, { methods: ['POST'], takeover: true })
    const { hostname, port } = new URL(await serve(handler))
    const socket = connect(Number(port), hostname)
    onTestFinished(() => void socket.destroy())
    let text = ''
    socket.on('data', (chunk: Buffer) => {
      text += chunk
    })
    socket.write('POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc')
    await eventually(() => source.observed && text.includes('retry'))
    source.next({ data: 1 })
    await eventually(() => text.includes('data: 1\n\n'))
    source.complete()
    await eventually(() => text.endsWith('0\r\n\r\n'))
  })

  it('where there is nothing of Node to take it from', () => {
    const socket = new Socket()
    onTestFinished(() => void socket.destroy())
    expect(takeOver({} as IncomingMessage, {} as ServerResponse, socket)).toBe(false)
  })

  it('and with TLS it is', async () => {
    const sink = opened({ takeover: true, heartbeat: false })
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
    await eventually(() => responses[0]?.socket === null)
    await sink.publish({ data: 1 })
    await reader.take(1)
    await sink.close()
    expect(await reader.ended).toBe('end')
  })
})
