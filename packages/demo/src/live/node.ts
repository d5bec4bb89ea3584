// A node that serves what the demo's first one publishes, from the logs they share in Redis; a process of its own so that it can be killed.
import { createServer } from 'node:http'
import { childConfig, listenAsChild } from '../process/listen-as-child.ts'
import { createExhibition } from './exhibition.ts'
import { liveHandler } from './live-handler.ts'
import { logsInRedis } from './logs.ts'

export interface NodeConfig {
  readonly redis: string
  readonly names: readonly string[]
  readonly number: number
  readonly of: number
}

const { port, redis, names, number, of } = childConfig<NodeConfig>()
const exhibition = createExhibition({
  names,
  // The first node tells when Redis is away.
  openLog: logsInRedis(redis, () => {}),
  node: { number, of, pid: process.pid },
  lost: () => {},
})
const server = createServer(liveHandler(exhibition))
listenAsChild(server, {
  port,
  async close() {
    server.close()
    await exhibition.close('2s')
  },
})
