import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { createWaits } from '../waits.ts'
import { serveConnection } from './connection.ts'
import type { ClosedBy, RecordedRequest, Recording } from './recorded-request.ts'
import type { Script } from './script.ts'
import { testCertificate } from './test-certificate.ts'

/** Options of {@link createScriptedServer}. */
export interface ScriptedServerOptions {
  /** Default `127.0.0.1`. */
  readonly host?: string
  /** Default 0: one that is free. A fixed one lets a server come back where another was. */
  readonly port?: number
  /** `true` speaks TLS with {@link testCertificate}; a pair of one's own is PEM text. Default false. */
  readonly tls?: boolean | { readonly cert: string; readonly key: string }
}

/** A server on a real socket that answers by a script and remembers what it was asked. */
export interface ScriptedServer extends AsyncDisposable {
  /** `http://127.0.0.1:<port>/`, or `https:`. */
  readonly url: string
  readonly port: number
  /** Every request so far, in the order of arrival; those after the script's end too. */
  readonly requests: readonly RecordedRequest[]
  /** How many connections were accepted, with a request on them or without. */
  readonly connections: number
  /** Resolves when request `index` (from 0) has arrived whole. */
  request(index: number): Promise<RecordedRequest>
  /** Resolves when the attempt of request `index` is over: ended, cut or reset by the script, or left by the client. */
  ended(index: number): Promise<RecordedRequest>
  /** Resolves when the connection of request `index` is gone, with who ended it first. */
  closed(index: number): Promise<ClosedBy>
  /**
   * Drops every connection and stops listening. What still waits in `request`, `ended` and `closed` is rejected. Rejects itself
   * with the first error of the script, or a client's bytes that were no HTTP request.
   */
  close(): Promise<void>
}

/**
 * Starts an HTTP/1.1 server that does what `script` says, request by request: a misbehaving SSE endpoint where every byte,
 * pause and ending is the test's. After the script's last attempt every request is answered 204 and recorded.
 *
 * @example
 * ```ts
 * const server = await createScriptedServer([
 *   { status: 200, body: ['id: 1\ndata: a\n\ndata: half', 'CUT'] },
 *   { status: 200, body: ['data: b\n\n', 'HOLD'] },
 * ])
 * // ...connect a client to server.url...
 * const second = await server.request(1)
 * second.lastEventId // '1'
 * await server.close()
 * ```
 */
export async function createScriptedServer(
  script: Script,
  { host = '127.0.0.1', port = 0, tls = false }: ScriptedServerOptions = {},
): Promise<ScriptedServer> {
  const pair = tls === true ? testCertificate : tls
  const requests: Recording[] = []
  const errors: unknown[] = []
  const sockets = new Set<Socket>()
  const waits = createWaits()
  let connections = 0
  let closing: Promise<void> | undefined

  const listener = createServer({ noDelay: true }, (tcp) => {
    sockets.add(tcp)
    tcp.on('close', () => sockets.delete(tcp))
    const socket = pair ? new TLSSocket(tcp, { isServer: true, cert: pair.cert, key: pair.key }) : tcp
    serveConnection(socket, tcp, {
      number: connections++,
      requests,
      answer: typeof script === 'function' ? script : (request) => script[request.index],
      onChange: waits.check,
      onError: (error) => errors.push(error),
      isClosing: () => closing !== undefined,
    })
  })
  const address = await listen(listener, host, port)

  const stop = async (): Promise<void> => {
    const stopped = new Promise((resolve) => listener.close(resolve))
    for (const socket of sockets) socket.destroy()
    await stopped
    waits.check()
    waits.giveUp('the scripted server was closed')
    if (errors.length > 0) throw errors[0]
  }
  const close = (): Promise<void> => {
    closing ??= stop()
    return closing
  }

  return {
    url: `${pair ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${address.port}/`,
    port: address.port,
    requests,
    get connections() {
      return connections
    },
    request: (index) => waits.until(`request ${index} arrived`, () => requests[index]),
    ended: (index) =>
      waits.until(`attempt ${index} ended`, () =>
        requests[index]?.endedAt === undefined ? undefined : requests[index],
      ),
    closed: (index) =>
      waits.until(`the connection of request ${index} closed`, () => requests[index]?.connectionClosedBy),
    close,
    [Symbol.asyncDispose]: close,
  }
}

function listen(server: Server, host: string, port: number): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve(server.address() as AddressInfo)
    })
  })
}
