import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import {
  createFaultProxy,
  type Fault,
  type FaultProxy,
  type FaultProxyOptions,
  randomFaults,
} from '../../index.ts'
import { freePort } from '../../programs/index.ts'

afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
})

/** A server that passes each connection to `serve`. */
async function startServer(serve: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    serve(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  return (server.address() as AddressInfo).port
}

async function startProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const proxy = await createFaultProxy({ seed: 1, ...options })
  onTestFinished(() => proxy.close())
  return proxy
}

const echo = (socket: Socket): void => {
  socket.pipe(socket)
}

/** Sends `bytes` and FIN, and collects the response until the connection is closed. */
async function exchange(
  port: number,
  bytes: Uint8Array | string,
): Promise<{ bytes: Buffer; error: string | undefined }> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  let error: string | undefined
  socket.on('error', (reason: NodeJS.ErrnoException) => {
    error = reason.code
  })
  const pieces: Buffer[] = []
  socket.on('data', (piece: Buffer) => pieces.push(piece))
  socket.end(bytes)
  await new Promise((resolve) => socket.on('close', resolve))
  return { bytes: Buffer.concat(pieces), error }
}

const letters = Buffer.from('abcdefghijklmnopqrstuvwxyz')

describe('without faults', () => {
  it('forwards every byte in both directions, and the FIN of each side separately', async () => {
    const big = Buffer.alloc(3_000_000, letters)
    const proxy = await startProxy({ target: await startServer(echo) })
    const { bytes, error } = await exchange(proxy.port, big)
    expect(error).toBeUndefined()
    expect(bytes.equals(big)).toBe(true)
    expect(await proxy.ended(0)).toMatchObject({
      endedBy: 'sides',
      bytesToServer: big.length,
      bytesToClient: big.length,
    })
  })

  it('stops the writer when the reader stops, and buffers little between them', async () => {
    let written = 0
    const port = await startServer((socket) => {
      const block = Buffer.alloc(65_536)
      const more = (): void => {
        if (socket.destroyed) return
        socket.write(block, () => {
          written += block.length
          more()
        })
      }
      more()
    })
    const proxy = await startProxy({ target: port })
    const client = connect(proxy.port, '127.0.0.1').on('error', () => {})
    client.pause()
    let last = -1
    while (written !== last) {
      last = written
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
    expect(written).toBeLessThan(64 * 1024 * 1024)
    client.destroy()
  })

  it('resets the connection if the target cannot be reached', async () => {
    const proxy = await startProxy({ target: await freePort() })
    expect((await exchange(proxy.port, 'x')).error).toBe('ECONNRESET')
    expect((await proxy.ended(0)).endedBy).toBe('error')
  })

  it('takes a URL as the target, and its scheme', async () => {
    const port = await startServer(echo)
    expect((await startProxy({ target: `http://localhost:${port}/path` })).url).toMatch(
      /^http:\/\/127\.0\.0\.1:\d+\/$/,
    )
    const secure = await startProxy({ target: `https://127.0.0.1:${port}` })
    expect(secure.url).toMatch(/^https:/)
    expect((await exchange(secure.port, 'x')).bytes.toString()).toBe('x')
  })
})

describe('a cut', () => {
  for (const after of [0, 1, 13, 26]) {
    it(`after ${after} bytes forwards exactly those, then closes both sides by FIN`, async () => {
      const proxy = await startProxy({
        target: await startServer((socket) => socket.end(letters)),
        plan: () => [{ kind: 'cut', direction: 'to-client', after }],
      })
      const { bytes, error } = await exchange(proxy.port, '')
      expect(error).toBeUndefined()
      expect(bytes.toString()).toBe(letters.toString('latin1', 0, after))
      expect(await proxy.ended(0)).toMatchObject({ endedBy: 'cut', bytesToClient: after })
    })
  }

  it('also works on bytes to the server', async () => {
    const got: Buffer[] = []
    const ends: string[] = []
    const port = await startServer((socket) => {
      socket.on('data', (piece: Buffer) => got.push(piece))
      socket.on('end', () => ends.push('FIN'))
    })
    const proxy = await startProxy({
      target: port,
      plan: () => [{ kind: 'cut', direction: 'to-server', after: 5 }],
    })
    await exchange(proxy.port, letters)
    await vi.waitFor(() => expect(ends).toEqual(['FIN']))
    expect(Buffer.concat(got).toString()).toBe('abcde')
  })

  it('after the end of the stream has no effect', async () => {
    const proxy = await startProxy({
      target: await startServer((socket) => socket.end(letters)),
      plan: () => [{ kind: 'cut', direction: 'to-client', after: 27 }],
    })
    expect((await exchange(proxy.port, '')).bytes.toString()).toBe(letters.toString())
    expect((await proxy.ended(0)).endedBy).toBe('sides')
  })
})

it('a reset resets both sides', async () => {
  let serverError = (_: string): void => {}
  const atServer = new Promise<string>((resolve) => {
    serverError = resolve
  })
  const port = await startServer((socket) => {
    socket.on('error', (error: NodeJS.ErrnoException) => serverError(error.code ?? ''))
    socket.write(letters)
  })
  const proxy = await startProxy({
    target: port,
    plan: () => [{ kind: 'reset', direction: 'to-client', after: 10 }],
  })
  const socket = connect(proxy.port, '127.0.0.1')
  const [error] = await once(socket, 'error')
  expect(error.code).toBe('ECONNRESET')
  expect(await atServer).toBe('ECONNRESET')
  expect(await proxy.ended(0)).toMatchObject({ endedBy: 'reset', bytesToClient: 10 })
})

it('a swallow stops one direction and leaves the other direction and the connection open', async () => {
  let toClient: Socket | undefined
  const atServer: string[] = []
  const port = await startServer((socket) => {
    toClient = socket
    socket.on('data', (piece: Buffer) => atServer.push(String(piece)))
  })
  const proxy = await startProxy({
    target: port,
    plan: () => [{ kind: 'swallow', direction: 'to-server', after: 3 }],
  })
  const socket = connect(proxy.port, '127.0.0.1')
  socket.write('abcdef')
  await vi.waitFor(() => expect(atServer.join('')).toBe('abc'))
  socket.write('ghi')
  toClient?.write('still here')
  expect(String((await once(socket, 'data'))[0])).toBe('still here')
  expect(atServer.join('')).toBe('abc')
  expect(proxy.connections[0]).toMatchObject({ endedBy: undefined, bytesToServer: 3 })
  socket.destroy()
})

it('a delay holds each piece back and keeps the order', async () => {
  const proxy = await startProxy({
    target: await startServer(echo),
    plan: () => [
      { kind: 'delay', direction: 'to-server', ms: 30 },
      { kind: 'delay', direction: 'to-client', ms: 40 },
    ],
  })
  const start = performance.now()
  expect((await exchange(proxy.port, letters)).bytes.toString()).toBe(letters.toString())
  expect(performance.now() - start).toBeGreaterThan(68)
})

it('a throttle limits the bytes per second', async () => {
  const proxy = await startProxy({
    target: await startServer((socket) => socket.end(Buffer.alloc(2000))),
    plan: () => [{ kind: 'throttle', direction: 'to-client', bytesPerSecond: 10_000 }],
  })
  const start = performance.now()
  expect((await exchange(proxy.port, '')).bytes).toHaveLength(2000)
  expect(performance.now() - start).toBeGreaterThan(190)
})

describe('a test', () => {
  it('can drop all connections, and new ones are accepted', async () => {
    const proxy = await startProxy({ target: await startServer(echo) })
    const open = async (): Promise<Socket> => {
      const socket = connect(proxy.port, '127.0.0.1')
      socket.write('x')
      await once(socket, 'data')
      return socket
    }
    const first = await open()
    proxy.drop('cut')
    await once(first, 'end')
    const second = await open()
    proxy.drop('reset')
    expect((await once(second, 'error'))[0].code).toBe('ECONNRESET')
    const third = await open()
    third.destroy()
    expect(proxy.connections.map(({ endedBy }) => endedBy).slice(0, 2)).toEqual(['cut', 'reset'])
  })

  it('can take the proxy down, which refuses connections, and up again on the same port', async () => {
    const proxy = await startProxy({ target: await startServer(echo) })
    const socket = connect(proxy.port, '127.0.0.1')
    socket.write('x')
    await once(socket, 'data')
    const reset = once(socket, 'error')
    await proxy.down()
    expect((await reset)[0].code).toBe('ECONNRESET')
    expect((await exchange(proxy.port, 'x')).error).toBe('ECONNREFUSED')
    await proxy.up()
    expect((await exchange(proxy.port, 'x')).bytes.toString()).toBe('x')
  })
})

describe('the seed', () => {
  const faultsOf = async (seed: number): Promise<Fault[][]> => {
    const proxy = await startProxy({ target: 1, plan: randomFaults(), seed })
    for (let i = 0; i < 5; i++) await exchange(proxy.port, '')
    return proxy.connections.map(({ faults }) => [...faults])
  }

  it('determines the faults of each connection', async () => {
    const first = await faultsOf(7)
    expect(await faultsOf(7)).toEqual(first)
    expect(await faultsOf(8)).not.toEqual(first)
  })

  it('is chosen and printed if none is given', async () => {
    const print = vi.spyOn(console, 'info').mockImplementation(() => {})
    const proxy = await createFaultProxy({ target: 1 })
    await proxy.close()
    expect(print).toHaveBeenCalledWith(`fault proxy: to repeat this run, set FAULT_SEED=${proxy.seed}`)
  })

  it('comes from FAULT_SEED, which must be a whole number', async () => {
    vi.stubEnv('FAULT_SEED', '42')
    const proxy = await createFaultProxy({ target: 1 })
    await proxy.close()
    expect(proxy.seed).toBe(42)
    vi.stubEnv('FAULT_SEED', 'x')
    await expect(createFaultProxy({ target: 1 })).rejects.toThrow(
      'FAULT_SEED must be a whole number, not the string "x"',
    )
  })
})

it('a wrong fault resets the connection, and close() rejects with the error', async () => {
  const proxy = await createFaultProxy({
    target: 1,
    seed: 1,
    plan: () => [{ kind: 'throttle', direction: 'to-client', bytesPerSecond: 0 }],
  })
  expect((await exchange(proxy.port, 'x')).error).toBe('ECONNRESET')
  await expect(proxy.close()).rejects.toThrow(
    "the fault 'throttle': bytesPerSecond must be a finite number of at least 1, not the number 0",
  )
})
