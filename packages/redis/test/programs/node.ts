// A node that tests kill: a sink on Redis. It publishes the messages of its parent process and reports each result.
// Arguments: the URL of Redis, the key, the port (0 for any), maxLength.
import { createServer } from 'node:http'
import { flushCompileCache } from 'node:module'
import { createSink } from '@rxsse/server'
import { redisLog } from '../../src/index.ts'
import type { PublishRequest } from '../node-process.ts'

// It may be killed, and would not save it then.
flushCompileCache()

const [url = '', key = '', port = '0', maxLength = '100000'] = process.argv.slice(2)

const log = redisLog({ url, key, maxLength: Number(maxLength), timeout: '20s', onError: () => {} })

const sink = createSink({
  log: {
    ...log,
    async tail(listener) {
      const tail = await log.tail?.(listener)
      if (tail === undefined) throw new Error('a log without a tail')
      process.send?.({ following: true })
      return tail
    },
  },
  retry: 50,
  heartbeat: { interval: 500 },
  identify: (request) => request.url.searchParams.get('as') ?? undefined,
  rooms: { authorize: () => true },
  onError: () => {},
})

const server = createServer(sink.handler)
server.listen(Number(port), '127.0.0.1', () => {
  const address = server.address()
  process.send?.({ listening: typeof address === 'object' ? address?.port : undefined })
})

process.on('message', async (request) => {
  const { n, data, type, target, sourceId } = request as PublishRequest
  try {
    const { id } = await sink.publish(
      type === undefined ? { data } : { data, type },
      target,
      sourceId === undefined ? {} : { sourceId },
    )
    process.send?.({ n, id })
  } catch (error) {
    process.send?.({ n, error: String(error), cause: String(error instanceof Error ? error.cause : '') })
  }
})
process.on('disconnect', () => process.exit())
