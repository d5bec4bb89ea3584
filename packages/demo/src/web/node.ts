// A node that serves the first node's results from their shared logs in Redis.
// It runs in a process of its own, so that it can be killed.
import { createServer } from 'node:http'
import { inspect } from '@rxsse/inspector'
import { listenAsChild, readChildConfig } from '../process/listen-as-child.ts'
import { openRedisLogs } from './logs.ts'
import { createRequestHandler } from './request-handler.ts'
import { createResultSinks } from './result-sinks.ts'

export interface NodeConfig {
  readonly redis: string
  readonly names: readonly string[]
  readonly number: number
  readonly of: number
}

const { port, redis, names, number, of } = readChildConfig<NodeConfig>()
const resultSinks = createResultSinks({
  names,
  // The first node reports outages of Redis.
  openLog: openRedisLogs(redis, () => {}),
  node: { number, of, pid: process.pid },
  onLost: () => {},
})
const inspector = inspect({ sinks: resultSinks.sinks })
const server = createServer(createRequestHandler({ ...resultSinks, inspector }))
listenAsChild(server, {
  port,
  async close() {
    server.close()
    await Promise.all([resultSinks.close('2s'), inspector.close()])
  },
})
