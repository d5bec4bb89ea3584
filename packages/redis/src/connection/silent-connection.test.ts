import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { eventually } from '../test/eventually.ts'
import { redisPath, startRedis } from '../test/redis.ts'
import { redisLog } from './redis-log.ts'

/** A way to a server that can swallow everything on the connections it has, and say nothing of it. */
async function swallowingProxy(target: number): Promise<{ port: number; swallow(): void }> {
  const pairs: [Socket, Socket][] = []
  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1')
    client.pipe(upstream)
    upstream.pipe(client)
    for (const socket of [client, upstream]) socket.on('error', () => {})
    client.on('close', () => upstream.destroy())
    pairs.push([client, upstream])
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    for (const socket of pairs.flat()) socket.destroy()
  })
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    swallow() {
      for (const [client, upstream] of pairs) {
        client.unpipe(upstream)
        upstream.unpipe(client)
        for (const socket of [client, upstream]) socket.resume()
      }
    },
  }
}

it.skipIf(redisPath === undefined)(
  'a connection that goes silent is given up, and everything goes on over another, once each',
  async () => {
    const redis = await startRedis()
    onTestFinished(() => redis.close())
    const proxy = await swallowingProxy(redis.port)
    const log = redisLog({ url: `redis://127.0.0.1:${proxy.port}`, timeout: '60s', onError: () => {} })
    onTestFinished(() => log.close())
    const seen: string[] = []
    await log.tail?.((entries) => void seen.push(...entries.map(({ message }) => message.data)))
    await log.append({ data: '1', topic: '' }, 'all')
    await eventually(() => seen.length === 1)
    proxy.swallow()
    await Promise.all(['2', '3'].map((data) => log.append({ data, topic: '' }, 'all')))
    await log.append({ data: '4', topic: '' }, 'all')
    await eventually(() => seen.length >= 4)
    expect(seen).toEqual(['1', '2', '3', '4'])
  },
)
