import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** A way to a server that breaks: each connection is reset after so many bytes of one direction, passed on in part. */
export interface CuttingProxy {
  readonly port: number
  readonly cuts: number
  close(): void
}

/** How many bytes pass, and which way they are counted; undefined for a connection that holds. */
export type Cut = { readonly after: number; readonly of: 'requests' | 'answers' } | undefined

export async function cuttingProxy(target: number, nextCut: () => Cut): Promise<CuttingProxy> {
  const open = new Set<Socket>()
  let cuts = 0
  const server = createServer((client) => {
    const cut = nextCut()
    const upstream = connect(target, '127.0.0.1')
    const end = () => {
      client.destroy()
      upstream.destroy()
    }
    for (const socket of [client, upstream]) {
      open.add(socket)
      socket.on('error', end)
      socket.on('close', () => {
        open.delete(socket)
        end()
      })
    }
    pass(client, upstream, cut?.of === 'requests' ? cut.after : Number.POSITIVE_INFINITY)
    pass(upstream, client, cut?.of === 'answers' ? cut.after : Number.POSITIVE_INFINITY)

    function pass(from: Socket, to: Socket, limit: number): void {
      let passed = 0
      from.on('data', (chunk) => {
        const rest = limit - passed
        passed += chunk.length
        to.write(chunk.subarray(0, Math.max(0, rest)))
        if (passed < limit) return
        cuts++
        // What was passed on arrives; the answer to it does not.
        to.end()
        client.destroy()
      })
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    get cuts() {
      return cuts
    },
    close() {
      server.close()
      for (const socket of open) socket.destroy()
    },
  }
}
