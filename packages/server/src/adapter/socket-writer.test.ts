import { once } from 'node:events'
import { connect, createServer, type Server, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { SocketWriter } from './socket-writer.ts'

/** Listens over TCP, or on a path of the file system. */
async function listen(path?: string): Promise<Server> {
  const listener = createServer()
  if (path === undefined) listener.listen(0, '127.0.0.1')
  else listener.listen(path)
  await once(listener, 'listening')
  onTestFinished(() => void listener.close())
  return listener
}

/** Both ends of a connection. */
async function connectTo(listener: Server): Promise<{ server: Socket; client: Socket }> {
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

async function connectPair(path?: string): Promise<{ server: Socket; client: Socket }> {
  return connectTo(await listen(path))
}

/** The bytes that were given to the stream. It does not count those of a system call. */
function countStreamed(socket: Socket): number {
  return socket.bytesWritten
}

const BYTES = Buffer.from('data: x\n\n')

it.each([
  ['TCP', undefined],
  ['a local socket', join(tmpdir(), `rxsse-socket-writer-${process.pid}.sock`)],
])('the kernel has the bytes when write returns: %s', async (_name, path) => {
  const { server, client } = await connectPair(path)
  expect(new SocketWriter(server).write(BYTES)).toBe(true)
  expect(countStreamed(server)).toBe(0)
  expect((await once(client, 'data'))[0]).toEqual(BYTES)
})

it('bytes that the kernel does not take follow in order', async () => {
  const { server, client } = await connectPair()
  const writer = new SocketWriter(server)
  const blocks = Array.from({ length: 200 }, (_, n) => Buffer.alloc(100_000, n))
  // The stream holds bytes from before.
  server.write(Buffer.concat(blocks))
  const kept = blocks.map((block) => writer.write(block))
  expect(kept).toContain(false)
  const received: Buffer[] = []
  let size = 0
  client.on('data', (chunk) => {
    received.push(chunk)
    size += chunk.length
  })
  await expect.poll(() => size).toBe(40_000_000)
  const before = countStreamed(server)
  expect(writer.write(BYTES)).toBe(true)
  expect(countStreamed(server)).toBe(before)
  for (const block of blocks) writer.write(block)
  await expect.poll(() => size).toBe(60_000_000 + BYTES.length)
  expect(Buffer.concat(received).equals(Buffer.concat([...blocks, ...blocks, BYTES, ...blocks]))).toBe(true)
})

it('a destroyed socket is not written to, because its descriptor may belong to another client', async () => {
  const listener = await listen()
  const gone = await connectTo(listener)
  const descriptor = getDescriptor(gone.server)
  const writer = new SocketWriter(gone.server)
  expect(writer.write(BYTES)).toBe(true)
  gone.server.destroy()
  const others = [await connectTo(listener), await connectTo(listener)]
  expect(others.flatMap(({ server, client }) => [server, client]).map(getDescriptor)).toContain(descriptor)
  expect(writer.write(BYTES)).toBe(true)
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

it('the stream reports a client that has reset its connection', async () => {
  const { server, client } = await connectPair()
  const writer = new SocketWriter(server)
  client.resetAndDestroy()
  await expect
    .poll(() => {
      writer.write(BYTES)
      return server.destroyed
    })
    .toBe(true)
})

it('a socket with an idle timeout is written to by its stream, which postpones it', async () => {
  const { server } = await connectPair()
  const writer = new SocketWriter(server)
  server.setTimeout(60_000)
  writer.write(BYTES)
  expect(countStreamed(server)).toBe(BYTES.length)
  server.setTimeout(0)
  await expect.poll(() => server.writableLength).toBe(0)
  writer.write(BYTES)
  expect(countStreamed(server)).toBe(BYTES.length)
})

it.each([
  [
    'of another class',
    (socket: Socket) => Object.setPrototypeOf(socket, class Counting extends Socket {}.prototype),
  ],
  ['with a write of its own', (socket: Socket) => Object.assign(socket, { write: socket.write })],
])('a wrapped socket is written to through its wrapper: %s', async (_name, wrap) => {
  const { server, client } = await connectPair()
  wrap(server)
  new SocketWriter(server).write(BYTES)
  expect(countStreamed(server)).toBe(BYTES.length)
  expect((await once(client, 'data'))[0]).toEqual(BYTES)
})

function getDescriptor(socket: Socket): number | undefined {
  return (socket as Socket & { readonly _handle: { readonly fd?: number } })._handle.fd
}
