import { once } from 'node:events'
import { connect, createServer, type Server, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { eventually } from '../../test/eventually.ts'
import { SocketWriter } from './socket-writer.ts'

/** Listens over TCP, or at a path of the file system. */
async function listening(path?: string): Promise<Server> {
  const listener = createServer()
  if (path === undefined) listener.listen(0, '127.0.0.1')
  else listener.listen(path)
  await once(listener, 'listening')
  onTestFinished(() => void listener.close())
  return listener
}

/** Both ends of a connection. */
async function connectedTo(listener: Server): Promise<{ server: Socket; client: Socket }> {
  const address = listener.address()
  const client =
    typeof address === 'object' && address !== null
      ? connect(address.port, '127.0.0.1')
      : connect(address ?? '')
  client.on('error', () => {})
  const [server] = (await once(listener, 'connection')) as [Socket]
  server.on('error', () => {})
  onTestFinished(() => {
    client.destroy()
    server.destroy()
  })
  return { server, client }
}

async function connected(path?: string): Promise<{ server: Socket; client: Socket }> {
  return connectedTo(await listening(path))
}

/** How many bytes the stream has been given: those of a system call it does not count. */
function streamed(socket: Socket): number {
  return socket.bytesWritten
}

const bytes = Buffer.from('data: x\n\n')

it.each([
  ['TCP', undefined],
  ['a local socket', join(tmpdir(), `rxsse-socket-writer-${process.pid}.sock`)],
])('bytes are with the kernel when it returns: %s', async (_name, path) => {
  const { server, client } = await connected(path)
  expect(new SocketWriter(server).write(bytes)).toBe(true)
  expect(streamed(server)).toBe(0)
  expect((await once(client, 'data'))[0]).toEqual(bytes)
})

it('what the kernel does not take comes after it, in order, and nothing overtakes it', async () => {
  const { server, client } = await connected()
  const writer = new SocketWriter(server)
  const blocks = Array.from({ length: 200 }, (_, n) => Buffer.alloc(100_000, n))
  // The stream has something from before.
  server.write(Buffer.concat(blocks))
  const kept = blocks.map((block) => writer.write(block))
  expect(kept).toContain(false)
  const received: Buffer[] = []
  let size = 0
  client.on('data', (chunk) => {
    received.push(chunk)
    size += chunk.length
  })
  await eventually(() => size === 40_000_000)
  const before = streamed(server)
  expect(writer.write(bytes)).toBe(true)
  expect(streamed(server)).toBe(before)
  for (const block of blocks) writer.write(block)
  await eventually(() => size === 60_000_000 + bytes.length)
  expect(Buffer.concat(received).equals(Buffer.concat([...blocks, ...blocks, bytes, ...blocks]))).toBe(true)
})

it('a destroyed socket is not written to, as its descriptor may be another client by now', async () => {
  const listener = await listening()
  const gone = await connectedTo(listener)
  const descriptor = descriptorOf(gone.server)
  const writer = new SocketWriter(gone.server)
  expect(writer.write(bytes)).toBe(true)
  gone.server.destroy()
  const others = [await connectedTo(listener), await connectedTo(listener)]
  expect(others.flatMap(({ server, client }) => [server, client]).map(descriptorOf)).toContain(descriptor)
  expect(writer.write(bytes)).toBe(true)
  for (const { server, client } of others) {
    for (const [from, to] of [
      [server, client],
      [client, server],
    ] as const) {
      from.write('its own')
      expect(String((await once(to, 'data'))[0])).toBe('its own')
    }
  }
})

it('a client that has reset its connection is left to the stream, which reports it', async () => {
  const { server, client } = await connected()
  const writer = new SocketWriter(server)
  client.resetAndDestroy()
  await eventually(() => {
    writer.write(bytes)
    return server.destroyed
  })
})

it('a socket with an idle timeout is left to its stream, which puts that off', async () => {
  const { server } = await connected()
  const writer = new SocketWriter(server)
  server.setTimeout(60_000)
  writer.write(bytes)
  expect(streamed(server)).toBe(bytes.length)
  server.setTimeout(0)
  await eventually(() => server.writableLength === 0)
  writer.write(bytes)
  expect(streamed(server)).toBe(bytes.length)
})

it.each([
  [
    'of another class',
    (socket: Socket) => Object.setPrototypeOf(socket, class Counting extends Socket {}.prototype),
  ],
  ['with a write of its own', (socket: Socket) => Object.assign(socket, { write: socket.write })],
])(
  'a socket that somebody has put themselves in front of is written to through them: %s',
  async (_name, wrap) => {
    const { server, client } = await connected()
    wrap(server)
    new SocketWriter(server).write(bytes)
    expect(streamed(server)).toBe(bytes.length)
    expect((await once(client, 'data'))[0]).toEqual(bytes)
  },
)

function descriptorOf(socket: Socket): number | undefined {
  return (socket as Socket & { readonly _handle: { readonly fd?: number } })._handle.fd
}
