import type { Endpoint } from '../http/response.ts'
import { type FastifyReplyLike, type FastifyRequestLike, handleFastifyRequest } from './fastify.ts'
import { handleNodeRequest } from './handle-node-request.ts'
import type { NodeRequest, NodeResponse } from './node-request.ts'

/**
 * A request listener for node:http, node:https, node:http2, Express and Connect. It also takes the
 * request and reply of Fastify, as in a NestJS controller on Fastify.
 */
export type NodeHandler = (
  request: NodeRequest | FastifyRequestLike,
  response: NodeResponse | FastifyReplyLike,
) => void

export function createNodeHandler(endpoint: Endpoint, takeover: boolean | undefined): NodeHandler {
  const handler: NodeHandler = (request, response) => {
    requireNodeResponse(response)
    if ('hijack' in response) handleFastifyRequest(endpoint, request as FastifyRequestLike, response)
    else {
      const options = { raw: request, takeover: takeover ?? false }
      handleNodeRequest(endpoint, request as NodeRequest, response, options)
    }
  }
  if (takeover === undefined) TAKEOVER_VARIANTS.set(handler, () => createNodeHandler(endpoint, true))
  return handler
}

/** A Fetch `Request` is a likely mistake: its frameworks call their handlers with it, and with no response. */
function requireNodeResponse(response: unknown): void {
  const given = Object(response)
  if (!('writeHead' in given || 'hijack' in given)) {
    throw new TypeError(
      "handler takes node:http's request and response, or Fastify's; for a Fetch Request, use the method fetch",
    )
  }
}

/** The same handler, but taking connections over unless its option `takeover` says otherwise. */
export function preferTakeover(handler: NodeHandler): NodeHandler {
  return TAKEOVER_VARIANTS.get(handler)?.() ?? handler
}

const TAKEOVER_VARIANTS = new WeakMap<NodeHandler, () => NodeHandler>()
