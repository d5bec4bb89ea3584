import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { optionError } from '@rxsse/shared'
import { createConditionWaiter } from '../condition-waiter.ts'
import { testCertificate } from '../scripted/test-certificate.ts'
import { Http2Connection } from './connection.ts'
import type { Http2RecordedRequest, Http2Script } from './script.ts'
import type { Http2Recording } from './stream.ts'

/** Options of {@link createScriptedHttp2Server}. */
export interface ScriptedHttp2ServerOptions {
  /** `true`: TLS with `testCertificate`, HTTP/2 by ALPN. `false`: plain TCP, HTTP/2 with prior knowledge. Default true. */
  readonly tls?: boolean
}

/** A server on a real socket that speaks HTTP/2 by a script, frame by frame. */
export interface ScriptedHttp2Server extends AsyncDisposable {
  /** `https://localhost:<port>/`, or `http:`. */
  readonly url: string
  readonly port: number
  readonly requests: readonly Http2RecordedRequest[]
  /** For each connection the protocols that the client offered by ALPN. Empty without TLS. */
  readonly offered: readonly (readonly string[])[]
  /** Resolves when request `index` (from 0) has arrived whole. */
  request(index: number): Promise<Http2RecordedRequest>
  /** Resolves when the steps for request `index` are done, or the client has left. */
  ended(index: number): Promise<Http2RecordedRequest>
  /** Drops every connection and stops listening. Rejects with the first error of the script or of a client. */
  close(): Promise<void>
}

/**
 * Starts an HTTP/2 server that does what `script` says, request by request. It sends frames that an HTTP/2 library would not
 * send: a stream that is reset with NO_ERROR in the middle of an event, GOAWAY at any moment, informational heads, DATA after
 * the end. It keeps to the client's flow-control windows, so `bytesSent` shows how much the client has taken.
 *
 * A client that offers no `h2` by ALPN is answered 505 on HTTP/1.1.
 *
 * ```ts
 * const server = await createScriptedHttp2Server([
 *   [{ head: { status: 200 } }, 'data: half an answer\n\n', { reset: 'NO_ERROR' }],
 *   [{ head: { status: 200 } }, 'data: whole\n\n', 'END'],
 * ])
 * ```
 */
export async function createScriptedHttp2Server(
  script: Http2Script,
  { tls = true }: ScriptedHttp2ServerOptions = {},
): Promise<ScriptedHttp2Server> {
  if (typeof script !== 'function' && !Array.isArray(script)) {
    throw optionError('script', 'a list of steps for each request, or a function', script)
  }
  const requests: Http2Recording[] = []
  const offered: (readonly string[])[] = []
  const errors: unknown[] = []
  /** The TCP sockets by the client's port, which a TLS socket above has as well. */
  const sockets = new Map<number | undefined, Socket>()
  const waiter = createConditionWaiter()
  let connections = 0
  let closing: Promise<void> | undefined

  const serve = (socket: Socket): void => {
    const tcp = sockets.get(socket.remotePort) ?? socket
    new Http2Connection(socket, {
      number: connections++,
      resetTcp: () => tcp.resetAndDestroy(),
      requests,
      respond: (request) => (typeof script === 'function' ? script(request) : script[request.index]),
      onChange: waiter.check,
      onError: (error) => errors.push(error),
    })
  }
  const listener: Server = tls
    ? createTlsServer(
        {
          ...testCertificate,
          ALPNCallback({ protocols }) {
            offered.push(protocols)
            return protocols.includes('h2') ? 'h2' : protocols[0]
          },
        },
        (socket) => {
          if (socket.alpnProtocol === 'h2') serve(socket)
          else refuse(socket)
        },
      )
    : createServer({ noDelay: true })
  listener.on('connection', (socket) => {
    const { remotePort } = socket
    sockets.set(remotePort, socket)
    socket.on('close', () => sockets.delete(remotePort))
    socket.on('error', () => {})
    if (!tls) serve(socket)
  })
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  const { port } = listener.address() as AddressInfo

  const stop = async (): Promise<void> => {
    const stopped = new Promise((resolve) => listener.close(resolve))
    for (const socket of sockets.values()) socket.destroy()
    await stopped
    waiter.rejectAll('the scripted server was closed')
    if (errors.length > 0) throw errors[0]
  }
  const close = (): Promise<void> => {
    closing ??= stop()
    return closing
  }

  return {
    url: `${tls ? 'https' : 'http'}://localhost:${port}/`,
    port,
    requests,
    offered,
    request: (index) => waiter.untilOf(index, 'request', 'arrived', () => requests[index]),
    ended: (index) =>
      waiter.untilOf(index, 'the steps for request', 'ended', () =>
        requests[index]?.isOver === true ? requests[index] : undefined,
      ),
    close,
    [Symbol.asyncDispose]: close,
  }
}

function refuse(socket: Socket): void {
  socket.on('error', () => {})
  socket.once('data', () => {
    socket.end('HTTP/1.1 505 HTTP Version Not Supported\r\ncontent-length: 0\r\nconnection: close\r\n\r\n')
  })
}
