import type { FetchHandler } from './fetch.ts'
import type { NodeHandler } from './node.ts'
import type { NodeRequest, NodeResponse } from './node-request.ts'

/** The part of an event of h3 that the handler uses: version 1 has `node`, version 2 a Fetch `req`. */
export interface H3EventLike {
  readonly req?: unknown
  readonly node?: { readonly req: unknown; readonly res?: unknown } | undefined
}

/** An event handler of h3, Nitro and Nuxt: `export default defineEventHandler(sink.h3)`. */
export type H3Handler = (event: H3EventLike) => Promise<Response> | undefined

/**
 * In version 1, `toWebRequest(event)` makes a request whose signal never fires, so this uses the
 * Node request of the event.
 */
export function createH3Handler(handler: NodeHandler, fetch: FetchHandler): H3Handler {
  return (event) => {
    if (isFetchRequest(event.req)) return fetch(event.req)
    if (event.node === undefined) throw new TypeError('the event has neither a Fetch nor a Node request')
    // Otherwise, version 1 answers 404 if the response is not sent at once.
    Object.assign(event, { _handled: true })
    handler(event.node.req as NodeRequest, event.node.res as NodeResponse)
    return undefined
  }
}

/** The server of version 2 has a class of its own, so `instanceof` may fail. */
function isFetchRequest(request: unknown): request is Request {
  return (
    typeof request === 'object' &&
    request !== null &&
    'headers' in request &&
    request.headers instanceof Headers
  )
}
