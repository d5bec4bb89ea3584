import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Endpoint } from '../http/response.ts'
import { handleNodeRequest } from './handle-node-request.ts'

/** The part of a Koa context that the middleware uses. */
export interface KoaContextLike {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  /** Koa's request. A body parser puts its body here. */
  readonly request: object
  respond?: boolean | undefined
  onerror(error: Error): void
}

/** A Koa middleware: `app.use(sink.koa)`, or of a router: `router.all('/live', sink.koa)`. */
export type KoaMiddleware = (context: KoaContextLike) => void

export function createKoaMiddleware(endpoint: Endpoint): KoaMiddleware {
  return (context) => {
    // Koa must neither send a 404 nor wait.
    context.respond = false
    const onError = context.onerror.bind(context)
    // Koa would print a stack for each client that resets its connection.
    context.onerror = (error) => {
      if (!isOfClient(error)) onError(error)
    }
    handleNodeRequest(endpoint, context.req, context.res, { raw: context.request, takeover: false })
  }
}

/** The last is of Node's parser, at the end of half a request. */
function isOfClient(error: Error & { readonly code?: string }): boolean {
  return /^(?:EPIPE|ECONNRESET|HPE_\w+)$/.test(String(error?.code))
}
