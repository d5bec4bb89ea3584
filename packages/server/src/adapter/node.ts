import type { Endpoint, SinkResponse } from '../http/response.ts'
import { isPromise } from '../maybe-promise.ts'
import { createSinkRequest, hasLeft, type NodeRequest, type NodeResponse } from './node-request.ts'
import { createNodeResponseWriter } from './node-response-writer.ts'

/** A request listener for node:http, node:https, node:http2, Express and Connect. */
export type NodeHandler = (request: NodeRequest, response: NodeResponse) => void

export function nodeHandler(endpoint: Endpoint, takeover: boolean | undefined): NodeHandler {
  const handler: NodeHandler = (request, response) => {
    respondTo(endpoint, request, response, { raw: request, takeover: takeover ?? false })
  }
  OWNED.set(handler, () => (takeover === undefined ? nodeHandler(endpoint, true) : handler))
  return handler
}

/** The handler as a server of our own runs it: taking connections over, unless it was told not to. */
export function ownHandler(handler: NodeHandler): NodeHandler {
  return OWNED.get(handler)?.() ?? handler
}

const OWNED = new WeakMap<NodeHandler, () => NodeHandler>()

export interface RespondOptions {
  /** What the request is to its framework. */
  readonly raw: unknown
  readonly takeover: boolean
}

/** Answers on a Node response. */
export function respondTo(
  endpoint: Endpoint,
  request: NodeRequest,
  response: NodeResponse,
  { raw, takeover }: RespondOptions,
): void {
  // Without a listener, what a client's reset does to its own response would end the process.
  response.on('error', () => {})
  const answer = endpoint(createSinkRequest(request, response, raw))
  if (isPromise(answer)) answer.then((ready) => respond(request, response, ready, takeover))
  else respond(request, response, answer, takeover)
}

function respond(
  request: NodeRequest,
  response: NodeResponse,
  { status, headers, body, stream, abandoned }: SinkResponse,
  takeover: boolean,
): void {
  // The client may have left while the answer was sought.
  if (hasLeft(response) || response.writableEnded) {
    abandoned?.()
    return
  }
  if (stream === undefined) {
    setHead(response, status, headers)
    if (body === undefined) response.end()
    else response.end(body)
    return
  }
  stream((events) => {
    // A connection that is taken over serves no other request.
    if (takeover && !('stream' in response)) response.shouldKeepAlive = false
    sendHead(response, status, headers)
    return createNodeResponseWriter(request, response, events, takeover)
  })
}

/** Sent at once: no event may come for long. */
function sendHead(response: NodeResponse, status: number, headers: Readonly<Record<string, string>>): void {
  setHead(response, status, headers)
  if ('stream' in response) response.writeHead(status)
  else response.flushHeaders()
}

/** Merged with what a middleware has set. */
function setHead(response: NodeResponse, status: number, headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers)) {
    if (name === 'vary') appendVary(response, value)
    else response.setHeader(name, value)
  }
  response.statusCode = status
}

/** What a middleware has made the answer depend on, it still depends on. */
function appendVary(response: NodeResponse, value: string): void {
  const before = response.getHeader('vary')
  response.setHeader('vary', before === undefined ? value : `${before}, ${value}`)
}
