import { createServer, type Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { optionError } from '@rxsse/shared'
import { createConditionWaiter } from '../condition-waiter.ts'
import { listen } from '../listen.ts'
import { checkAttempt, checkScript } from './check-script.ts'
import { serveConnection } from './connection.ts'
import type { ClosedBy, RecordedRequest, Recording } from './recorded-request.ts'
import type { Script } from './script.ts'
import { testCertificate } from './test-certificate.ts'

/** Options of {@link createScriptedServer}. */
export interface ScriptedServerOptions {
  /** Default `127.0.0.1`. */
  readonly host?: string
  /** Default 0, any free port. */
  readonly port?: number
  /** `true` uses TLS with {@link testCertificate}; or a certificate and key as PEM text. Default false. */
  readonly tls?: boolean | { readonly cert: string; readonly key: string }
}

/** A server on a real socket that answers by a script and records the requests. */
export interface ScriptedServer extends AsyncDisposable {
  /** `http://127.0.0.1:<port>/`, or `https:`. */
  readonly url: string
  readonly port: number
  /** Every request so far, in the order of arrival, also those after the end of the script. */
  readonly requests: readonly RecordedRequest[]
  /** The number of accepted connections, with or without a request. */
  readonly connections: number
  /** Resolves when request `index`, from 0, has arrived completely. */
  request(index: number): Promise<RecordedRequest>
  /** Resolves when the attempt of request `index` has ended: by the script, or because the client left. */
  ended(index: number): Promise<RecordedRequest>
  /** Resolves when the connection of request `index` is closed, with the side that closed it first. */
  closed(index: number): Promise<ClosedBy>
  /**
   * Closes every connection and stops listening. Rejects the promises of `request`, `ended` and `closed`, also later ones.
   * Rejects itself with the first error: the script threw, or a client sent something that is not HTTP.
   */
  close(): Promise<void>
}

/**
 * Starts an HTTP/1.1 server that answers each request as `script` says. A test controls every byte, pause and ending
 * of the responses. Requests after the last attempt are answered with 204 and recorded.
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
  checkScript(script)
  const pair = tls === true ? testCertificate : tls
  if (pair !== false && !(typeof pair?.cert === 'string' && typeof pair.key === 'string')) {
    throw optionError('tls', 'a boolean or a certificate and its key: { cert, key }', tls)
  }
  const requests: Recording[] = []
  const errors: unknown[] = []
  const sockets = new Set<Socket>()
  const waiter = createConditionWaiter()
  let connections = 0
  let closing: Promise<void> | undefined

  const listener = createServer({ noDelay: true }, (tcp) => {
    sockets.add(tcp)
    tcp.on('close', () => sockets.delete(tcp))
    const socket = pair ? new TLSSocket(tcp, { isServer: true, cert: pair.cert, key: pair.key }) : tcp
    serveConnection(socket, tcp, {
      number: connections++,
      requests,
      async answer(request) {
        if (typeof script !== 'function') return script[request.index]
        const attempt = await script(request)
        if (attempt !== undefined) checkAttempt(attempt, `the attempt of request ${request.index}`)
        return attempt
      },
      onChange: waiter.check,
      onError: (error) => errors.push(error),
      isClosing: () => closing !== undefined,
    })
  })
  const address = await listen(listener, host, port)

  const stop = async (): Promise<void> => {
    const stopped = new Promise((resolve) => listener.close(resolve))
    for (const socket of sockets) socket.destroy()
    await stopped
    waiter.check()
    waiter.rejectAll('the scripted server was closed')
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
    request: (index) => waiter.untilOf(index, 'request', 'arrived', () => requests[index]),
    ended: (index) =>
      waiter.untilOf(index, 'attempt', 'ended', () =>
        requests[index]?.endedAt === undefined ? undefined : requests[index],
      ),
    closed: (index) =>
      waiter.untilOf(index, 'the connection of request', 'closed', () => requests[index]?.connectionClosedBy),
    close,
    [Symbol.asyncDispose]: close,
  }
}
