import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'

/**
 * A free port of 127.0.0.1, for a program that cannot listen on port 0 or cannot report its port. Another program may
 * take the port before yours starts.
 */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
