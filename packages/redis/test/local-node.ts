import { once } from 'node:events'
import { createServer } from 'node:http'
import { type EventSourceOptions, fromEventSource, type SseEvent } from '@rxsse/core'
import { createSink, type Sink, type SinkOptions } from '@rxsse/server'
import { onTestFinished } from 'vitest'
import { redisLog } from '../src/log/redis-log.ts'
import type { RedisLogOptions } from '../src/log/redis-log-options.ts'

/** A node in this process: a sink on Redis, and its URL. */
export interface LocalNode {
  readonly sink: Sink
  readonly url: string
}

/** Resolves when the node's tail has started, or at once with `waits: false`. */
export async function openNode(
  options: RedisLogOptions,
  { waits = true, ...sinkOptions }: SinkOptions & { readonly waits?: boolean } = {},
): Promise<LocalNode> {
  const log = redisLog({ onError: () => {}, timeout: '60s', ...options })
  let started: unknown
  const sink = createSink({
    log: {
      ...log,
      tail(listener) {
        const tail = log.tail?.(listener)
        if (tail === undefined) throw new Error('a log without a tail')
        started = tail
        return tail
      },
    },
    retry: 20,
    identify: (request) => request.url.searchParams.get('as') ?? undefined,
    rooms: { authorize: () => true },
    onError: () => {},
    ...sinkOptions,
  })
  const server = createServer(sink.handler).listen(0, '127.0.0.1')
  await once(server, 'listening')
  if (waits) await started
  const address = server.address()
  onTestFinished(async () => {
    await sink.close({ drain: 0 })
    server.closeAllConnections()
    server.close()
  })
  return { sink, url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/` }
}

/** A client and the events that it got. */
export interface Client {
  readonly events: SseEvent[]
  /** The number of its connections so far. */
  readonly connections: number
  data(): string[]
  leave(): void
}

/** Resolves when the stream is open. */
export async function openClient(url: string, options: EventSourceOptions = {}): Promise<Client> {
  const events: SseEvent[] = []
  let connections = 0
  let opened: () => void = () => {}
  const isOpen = new Promise<void>((resolve) => {
    opened = resolve
  })
  const subscription = fromEventSource(url, {
    reconnect: { initialDelay: 20, maxDelay: 200, minDelay: 10 },
    ...options,
    state: {
      next({ status }) {
        if (status !== 'open') return
        connections++
        opened()
      },
    },
  }).subscribe((event) => events.push(event))
  onTestFinished(() => subscription.unsubscribe())
  await isOpen
  return {
    events,
    get connections() {
      return connections
    },
    data: () => events.filter(({ type }) => type !== 'gap').map(({ data }) => data),
    leave: () => subscription.unsubscribe(),
  }
}
