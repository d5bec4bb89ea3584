import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A TCP proxy on this machine whose network can fail. */
export interface NetworkSwitch {
  readonly port: number
  /** Resets all connections, and refuses new ones. */
  cut(): void
  /** Forwards nothing, and says nothing. What is sent meanwhile arrives after `heal`. */
  freeze(): void
  heal(): void
  close(): Promise<void>
}

export async function startNetworkSwitch(target: number): Promise<NetworkSwitch> {
  const sockets = new Set<Socket>()
  let state: 'up' | 'cut' | 'frozen' = 'up'
  const server = createServer((client) => {
    if (state === 'cut') {
      client.on('error', () => {}).resetAndDestroy()
      return
    }
    const upstream = connect(target, '127.0.0.1')
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from)
      from.on('data', (chunk) => to.write(chunk))
      from.on('error', () => {})
      from.on('close', () => {
        sockets.delete(from)
        to.destroy()
      })
      if (state === 'frozen') from.pause()
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    cut() {
      state = 'cut'
      for (const socket of sockets) socket.resetAndDestroy()
    },
    freeze() {
      state = 'frozen'
      for (const socket of sockets) socket.pause()
    },
    heal() {
      state = 'up'
      for (const socket of sockets) socket.resume()
    },
    async close() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
