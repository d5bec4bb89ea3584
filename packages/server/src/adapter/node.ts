import { isPromise } from '@rxsse/shared'
import type { Endpoint, SinkResponse } from '../http/response.ts'
import { createSinkRequest, hasLeft, type NodeRequest, type NodeResponse } from './node-request.ts'
import { createNodeResponseWriter } from './node-response-writer.ts'

/** A request listener for node:http, node:https, node:http2, Express and Connect. */
export type NodeHandler = (request: NodeRequest, response: NodeResponse) => void

export function createNodeHandler(endpoint: Endpoint, takeover: boolean | undefined): NodeHandler {
  const handler: NodeHandler = (request, response) => {
    handleNodeRequest(endpoint, request, response, { raw: request, takeover: takeover ?? false })
  }
  if (takeover === undefined) TAKEOVER_VARIANTS.set(handler, () => createNodeHandler(endpoint, true))
  return handler
}

/** The same handler, but taking connections over unless its option `takeover` says otherwise. */
export function preferTakeover(handler: NodeHandler): NodeHandler {
  return TAKEOVER_VARIANTS.get(handler)?.() ?? handler
}

const TAKEOVER_VARIANTS = new WeakMap<NodeHandler, () => NodeHandler>()

export interface NodeRequestOptions {
  /** The framework's own request. */
  readonly raw: unknown
  readonly takeover: boolean
}

/** Answers a Node request. */
export function handleNodeRequest(
  endpoint: Endpoint,
  request: NodeRequest,
  response: NodeResponse,
  { raw, takeover }: NodeRequestOptions,
): void {
  // Without a listener, the error of a client's reset would end the process.
  response.on('error', () => {})
  const result = endpoint(createSinkRequest(request, response, raw))
  if (isPromise(result)) result.then((ready) => send(request, response, ready, takeover))
  else send(request, response, result, takeover)
}

function send(
  request: NodeRequest,
  response: NodeResponse,
  { status, headers, body, stream, abandoned }: SinkResponse,
  takeover: boolean,
): void {
  // The client may have left while access was decided or a permit taken.
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

/** Sends the head at once, because the first event may take long. */
function sendHead(response: NodeResponse, status: number, headers: Readonly<Record<string, string>>): void {
  setHead(response, status, headers)
  if ('stream' in response) response.writeHead(status)
  else response.flushHeaders()
}

/** Sets the head, and keeps the headers that a middleware has set. */
function setHead(response: NodeResponse, status: number, headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers)) {
    if (name === 'vary') appendVary(response, value)
    else response.setHeader(name, value)
  }
  response.statusCode = status
}

/** Keeps the `Vary` that a middleware has set. */
function appendVary(response: NodeResponse, value: string): void {
  const before = response.getHeader('vary')
  response.setHeader('vary', before === undefined ? value : `${before}, ${value}`)
}
