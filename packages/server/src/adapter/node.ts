import type { Answer, Endpoint } from '../answer.ts'
import { isPromise } from '../maybe-promise.ts'
import { nodePeer } from './node-peer.ts'
import { type NodeRequest, type NodeResponse, sinkRequestOf } from './node-request.ts'

/** A request listener for node:http, node:https, node:http2, Express and Connect. */
export type NodeHandler = (request: NodeRequest, response: NodeResponse) => void

export function nodeHandler(endpoint: Endpoint): NodeHandler {
  return (request, response) => {
    // Without a listener, what a client's reset does to its own response would end the process.
    response.on('error', () => {})
    const answer = endpoint(sinkRequestOf(request, response))
    if (isPromise(answer)) answer.then((ready) => respond(response, ready))
    else respond(response, answer)
  }
}

function respond(response: NodeResponse, { status, headers, body, stream }: Answer): void {
  // The client may have left while the answer was sought.
  if (response.destroyed || response.closed || response.writableEnded) return
  if (stream === undefined) {
    sendHead(response, status, headers)
    if (body === undefined) response.end()
    else response.end(body)
    return
  }
  stream((events) => {
    sendHead(response, status, headers)
    return nodePeer(response, events)
  })
}

/** Merged with what a middleware has set, and sent at once: no event may come for long. */
function sendHead(response: NodeResponse, status: number, headers: Readonly<Record<string, string>>): void {
  if ('stream' in response) {
    response.writeHead(status, headers)
    return
  }
  response.writeHead(status, headers)
  response.flushHeaders()
}
