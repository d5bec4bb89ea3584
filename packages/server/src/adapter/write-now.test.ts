import { once } from 'node:events'
import { connect, createServer, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { eventually } from '../../test/eventually.ts'
import { writeNowFor } from './write-now.ts'

/** Both ends of a connection: over TCP, or through a path of the file system. */
async function connected(path?: string): Promise<{ server: Socket; client: Socket }> {
  const listener = createServer()
  if (path === undefined) listener.listen(0, '127.0.0.1')
  else listener.listen(path)
  await once(listener, 'listening')
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
    listener.close()
  })
  return { server, client }
}

/** Writes as a peer does: at once, and what is left of it by the stream. */
function write(socket: Socket, bytes: Uint8Array): void {
  const rest = writeNowFor(socket)?.(socket, bytes)
  if (rest !== undefined) socket.write(rest)
}

const bytes = Buffer.from('data: x\n\n')

it.each([
  ['TCP', undefined],
  ['a local socket', join(tmpdir(), `rxsse-write-now-${process.pid}.sock`)],
])('bytes are with the kernel when it returns: %s', async (_name, path) => {
  const { server, client } = await connected(path)
  expect(writeNowFor(server)?.(server, bytes)).toBeUndefined()
  expect(server.writableLength).toBe(0)
  expect((await once(client, 'data'))[0]).toEqual(bytes)
})

it('what the kernel does not take comes after it, in order, and nothing overtakes it', async () => {
  const { server, client } = await connected()
  const blocks = Array.from({ length: 200 }, (_, n) => Buffer.alloc(100_000, n))
  for (const block of blocks) write(server, block)
  expect(server.writableLength).toBeGreaterThan(0)
  const received: Buffer[] = []
  let size = 0
  client.on('data', (chunk) => {
    received.push(chunk)
    size += chunk.length
  })
  await eventually(() => size >= 10_000_000)
  for (const block of blocks) write(server, block)
  await eventually(() => size === 40_000_000)
  expect(Buffer.concat(received).equals(Buffer.concat([...blocks, ...blocks]))).toBe(true)
})

it('a destroyed socket, whose descriptor may be another by now, is left to its stream', async () => {
  const { server } = await connected()
  const writeNow = writeNowFor(server)
  server.destroy()
  expect(writeNow?.(server, bytes)).toBe(bytes)
})

it('a client that has reset its connection is left to the stream, which reports it', async () => {
  const { server, client } = await connected()
  const writeNow = writeNowFor(server)
  client.resetAndDestroy()
  await eventually(() => server.destroyed || writeNow?.(server, bytes) === bytes)
})

it('a socket with an idle timeout is left to its stream, which puts that off', async () => {
  const { server } = await connected()
  const writeNow = writeNowFor(server)
  server.setTimeout(60_000)
  expect(writeNow?.(server, bytes)).toBe(bytes)
  server.setTimeout(0)
  expect(writeNow?.(server, bytes)).toBeUndefined()
})

it('a socket that somebody has put themselves in front of is written to through them', async () => {
  const { server } = await connected()
  class Counting extends Socket {}
  expect(writeNowFor(new Counting())).toBeUndefined()
  const { write } = server
  server.write = write
  expect(writeNowFor(server)).toBeUndefined()
})
