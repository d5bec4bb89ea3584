import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** A way to a server whose buffers can keep what was sent, and pass it on when its sender has long given up. */
export interface HoldingProxy {
  readonly port: number
  /** Keeps what comes on the connections there are. */
  hold(): void
  /** Resolves when something is kept; then those connections are lost to their clients. */
  cut(): Promise<void>
  /** Passes on what was kept; resolves when the server has answered it. */
  release(): Promise<void>
}

interface Pair {
  readonly client: Socket
  readonly upstream: Socket
  kept: Buffer[] | undefined
}

export async function holdingProxy(target: number): Promise<HoldingProxy> {
  const pairs = new Set<Pair>()
  const server = createServer((client) => {
    const pair: Pair = { client, upstream: connect(target, '127.0.0.1'), kept: undefined }
    pairs.add(pair)
    client.on('data', (chunk) => {
      if (pair.kept === undefined) pair.upstream.write(chunk)
      else pair.kept.push(chunk)
    })
    client.on('close', () => {
      if (pair.kept === undefined) pair.upstream.destroy()
    })
    pair.upstream.on('data', (chunk) => client.write(chunk))
    for (const socket of [client, pair.upstream]) socket.on('error', () => {})
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    for (const { client, upstream } of pairs) {
      client.destroy()
      upstream.destroy()
    }
  })
  const address = server.address()
  let held: Pair[] = []
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    hold() {
      held = [...pairs].filter(({ client }) => !client.destroyed)
      for (const pair of held) pair.kept = []
    },
    async cut() {
      while (!held.some(({ kept }) => (kept?.length ?? 0) > 0))
        await new Promise((resolve) => setTimeout(resolve, 1))
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
