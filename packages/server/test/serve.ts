import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

/** A server on a free port of the loopback, gone when the test is. Gives its origin. */
export async function serve(listener: RequestListener): Promise<string> {
  return (await serveWith(createServer(listener))).origin
}

async function serveWith(server: Server): Promise<{ origin: string; server: Server }> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => {
    server.closeAllConnections()
    server.close()
  })
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server }
}
