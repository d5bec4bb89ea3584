import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { connectRaw } from '../../test/raw-request.ts'
import { createSink } from '../sink/sink.ts'
import { streamTo } from '../stream-to/stream-to.ts'

/** Reads a body until all that was read contains a text. */
function createReader({ body }: Response): (text: string) => Promise<string> {
  const reader = (body as ReadableStream<Uint8Array>).getReader()
  const decoder = new TextDecoder()
  let read = ''
  return async (text) => {
    while (!read.includes(text)) read += decoder.decode((await reader.read()).value)
    return read
  }
}

describe('while a test has faked all timers', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('a sink sends what is published, and heartbeats as the test moves time', async () => {
    const sink = createSink({ retry: false })
    const response = await sink.fetch(new Request('http://test/'))
    const readUntil = createReader(response)
    await sink.publish({ data: 'a' })
    expect(await readUntil('data: a\n\n')).not.toContain('keep-alive')
    vi.advanceTimersByTime(30_000)
    await readUntil(': keep-alive')
  })

  it('an answer is sent to its end', async () => {
    const { fetch } = streamTo(async function* () {
      yield { data: 'a' }
      yield { data: 'b' }
    })
    const response = await fetch(new Request('http://test/'))
    expect(await response.text()).toContain('data: a\n\ndata: b\n\n')
  })

  it('a server sends what is published', async () => {
    const sink = createSink({ retry: false })
    const server = createServer(sink.handler).listen(0, '127.0.0.1')
    onTestFinished(() => {
      server.closeAllConnections()
      server.close()
    })
    await new Promise((resolve) => server.once('listening', resolve))
    const socket = connectRaw(
      `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
    )
    let text = ''
    const arrived = new Promise<void>((resolve) => {
      socket.on('data', (bytes) => {
        text += String(bytes)
        if (text.includes('data: a')) resolve()
      })
    })
    await new Promise<void>((resolve) => {
      socket.once('data', () => resolve())
    })
    await sink.publish({ data: 'a' })
    await arrived
    socket.destroy()
  })
})
