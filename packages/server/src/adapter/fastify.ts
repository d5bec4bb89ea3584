import { runAtEndOfTick } from '../connection/end-of-tick.ts'
import type { Endpoint } from '../http/response.ts'
import { handleNodeRequest } from './handle-node-request.ts'
import type { NodeRequest, NodeResponse } from './node-request.ts'
import { cutResponse } from './node-response-writer.ts'

/** The part of a Fastify instance that the plugin uses. */
export interface FastifyHost {
  all(path: string, handler: (request: FastifyRequestLike, reply: FastifyReplyLike) => unknown): unknown
  addHook(name: 'preClose', hook: (done: () => void) => void): unknown
}

export interface FastifyRequestLike {
  readonly raw: NodeRequest
}

export interface FastifyReplyLike {
  readonly raw: NodeResponse
  hijack(): unknown
  getHeaders(): Record<string, number | string | string[] | undefined>
}

/** A Fastify plugin: `await app.register(sink.fastify, { path: '/live' })`. */
export type FastifyPlugin = (instance: FastifyHost, options: { readonly path: string }) => Promise<void>

/**
 * Serves the endpoint at a path of a Fastify instance. Headers that hooks and plugins have set are
 * kept. Closing the instance ends its streams.
 */
export function createFastifyPlugin(endpoint: Endpoint): FastifyPlugin {
  return async (instance, { path }) => {
    const open = new Set<NodeResponse>()
    instance.all(path, (request, reply) => {
      open.add(reply.raw)
      reply.raw.once('close', () => open.delete(reply.raw))
      handleFastifyRequest(endpoint, request, reply)
    })
    // Fastify waits for its connections, but a stream does not end by itself.
    instance.addHook('preClose', (done) => {
      // The events of this tick are sent first.
      runAtEndOfTick(() => {
        for (const response of open) endResponse(response, endpoint.isEndless)
        done()
      })
    })
  }
}

/** Answers a Fastify request by its `request` and `reply`. */
export function handleFastifyRequest(
  endpoint: Endpoint,
  request: FastifyRequestLike,
  reply: FastifyReplyLike,
): void {
  reply.hijack()
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) reply.raw.setHeader(name, value)
  }
  handleNodeRequest(endpoint, request.raw, reply.raw, { raw: request, takeover: false })
}

function endResponse(response: NodeResponse, isEndless: boolean): void {
  if (!response.headersSent) {
    response.statusCode = 503
    response.end()
  } else if (isEndless) response.end()
  else cutResponse(response, 'after everything written')
}
