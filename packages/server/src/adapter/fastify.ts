import type { Endpoint } from '../http/response.ts'
import { handleNodeRequest } from './node.ts'
import type { NodeRequest, NodeResponse } from './node-request.ts'

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
      reply.hijack()
      const response = reply.raw
      for (const [name, value] of Object.entries(reply.getHeaders())) {
        if (value !== undefined) response.setHeader(name, value)
      }
      open.add(response)
      response.once('close', () => open.delete(response))
      handleNodeRequest(endpoint, request.raw, response, { raw: request, takeover: false })
    })
    // Fastify waits for its connections, but a stream does not end by itself.
    instance.addHook('preClose', (done) => {
      for (const response of open) response.end()
      done()
    })
  }
}
