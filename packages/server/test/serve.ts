import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished } from 'vitest'
import { createSink, type Sink } from '../src/sink/sink.ts'
import type { SinkOptions } from '../src/sink/sink-options.ts'

/** Serves on a free port until the test ends. Resolves to the origin. */
export async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A sink that is closed when the test ends. It must not hold anything after that. */
export function createTestSink(options?: SinkOptions): Sink {
  const sink = createSink(options)
  onTestFinished(async () => {
    await sink.close()
    expect(sink.stats()).toMatchObject({ connections: 0, pending: 0, behind: 0 })
  })
  return sink
}

/** A sink, and the URL that serves it until the test ends. */
export async function serveTestSink(options?: SinkOptions): Promise<{ sink: Sink; url: string }> {
  const sink = createTestSink(options)
  return { sink, url: await serve(sink.handler) }
}
