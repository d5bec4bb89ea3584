import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { expect, onTestFinished } from 'vitest'

/** A TCP proxy in front of Redis that can hold requests back, and forward them after their sender has given up. */
export interface HoldingProxy {
  readonly url: string
  /** From now on, keeps what the present connections send. With `from`, each keeps what it sends from this text on. */
  hold(from?: string): void
  /** New connections lead to another port. */
  redirect(port: number): void
  /** Waits until something is kept. */
  isHolding(): Promise<void>
  /** Waits until something is kept, and then closes those connections. */
  cut(): Promise<void>
  /** Forwards what was kept. Resolves when Redis has answered it. */
  release(): Promise<void>
}

interface ProxiedConnection {
  readonly client: Socket
  readonly upstream: Socket
  kept: Buffer[] | undefined
}

export async function startHoldingProxy(port: number): Promise<HoldingProxy> {
  const connections = new Set<ProxiedConnection>()
  let target = port
  const server = createServer((client) => {
    const connection: ProxiedConnection = { client, upstream: connect(target, '127.0.0.1'), kept: undefined }
    connections.add(connection)
    client.on('data', (chunk) => {
      if (trigger !== undefined && held.includes(connection) && chunk.includes(trigger))
        connection.kept ??= []
      if (connection.kept === undefined) connection.upstream.write(chunk)
      else connection.kept.push(chunk)
    })
    client.on('close', () => {
      if (connection.kept === undefined) connection.upstream.destroy()
    })
    connection.upstream.on('data', (chunk) => client.write(chunk))
    connection.upstream.on('close', () => {
      if (connection.kept === undefined) client.destroy()
    })
    for (const socket of [client, connection.upstream]) socket.on('error', () => {})
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    for (const { client, upstream } of connections) {
      client.destroy()
      upstream.destroy()
    }
  })
  let held: ProxiedConnection[] = []
  let trigger: string | undefined
  async function isHolding(): Promise<void> {
    await expect.poll(() => held.some(({ kept = [] }) => kept.length > 0), { interval: 1 }).toBe(true)
  }

  return {
    isHolding,
    redirect(other) {
      target = other
    },
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    hold(from) {
      trigger = from
      held = [...connections].filter(({ client }) => !client.destroyed)
      if (from === undefined) for (const connection of held) connection.kept = []
    },
    async cut() {
      await isHolding()
      for (const { client } of held) client.destroy()
    },
    async release() {
      await Promise.all(
        held.map(async ({ upstream, kept = [] }) => {
          if (kept.length === 0) return
          upstream.write(Buffer.concat(kept))
          await once(upstream, 'data')
        }),
      )
    },
  }
}
