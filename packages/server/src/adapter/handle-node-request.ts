import { isPromise } from '@rxsse/shared'
import type { ResponseWriterEvents } from '../connection/response-writer.ts'
import { createPlainResponse, type Endpoint, type SinkResponse } from '../http/response.ts'
import {
  createSinkRequest,
  hasAmbiguousPath,
  hasLeft,
  type NodeRequest,
  type NodeResponse,
} from './node-request.ts'
import { createNodeResponseWriter } from './node-response-writer.ts'
import { answerInTurn } from './pipelining.ts'
import { discardUnreadBody, discardUnreadBodyLater } from './unread-body.ts'

export interface NodeRequestOptions {
  /** The framework's own request. */
  readonly raw: unknown
  readonly takeover: boolean
}

/** Answers a Node request. Never throws. */
export function handleNodeRequest(
  endpoint: Endpoint,
  request: NodeRequest,
  response: NodeResponse,
  { raw, takeover }: NodeRequestOptions,
): void {
  // Without a listener, the error of a client's reset would end the process.
  response.on('error', () => {})
  discardUnreadBody(request, response)
  answerInTurn(request, response, () => {
    const send = (ready: SinkResponse) => sendResponse(endpoint, request, response, ready, takeover)
    if (hasAmbiguousPath(request)) {
      send(AMBIGUOUS_PATH)
      return
    }
    const result = endpoint.respond(createSinkRequest(request, response, raw))
    if (isPromise(result)) result.then(send)
    else send(result)
  })
}

const AMBIGUOUS_PATH = createPlainResponse(400, 'the path has a dot segment or a backslash')

function sendResponse(
  endpoint: Endpoint,
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
  if (response.headersSent) {
    endpoint.report(new Error('another handler has sent a response to this request'))
    abandoned?.()
    return
  }
  if (stream === undefined) {
    attempt(endpoint, response, () => {
      setHead(response, status, headers)
      if (body === undefined) response.end()
      else response.end(body)
    })
    return
  }
  const connect = (events: ResponseWriterEvents) => {
    attempt(endpoint, response, () => {
      // A connection that is taken over serves no other request.
      if (takeover && !('stream' in response)) response.shouldKeepAlive = false
      sendHead(response, status, headers)
    })
    return createNodeResponseWriter(request, response, events, takeover)
  }
  attempt(endpoint, response, () => stream(connect))
  discardUnreadBodyLater(request, response, endpoint.clock)
}

/** If a middleware or Node refuses to send, the client is dropped as if it had left. */
function attempt(endpoint: Endpoint, response: NodeResponse, send: () => void): void {
  try {
    send()
  } catch (error) {
    endpoint.report(error)
    response.destroy()
  }
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
