import type { Socket } from 'node:net'
import { parseRequest } from './parse-request.ts'
import { perform } from './perform.ts'
import { type ClosedBy, createRecording, type Recording } from './recorded-request.ts'
import type { Attempt } from './script.ts'

/** What a connection uses from its server. */
export interface ConnectionContext {
  /** The number of the connection, from 0. */
  readonly number: number
  readonly requests: Recording[]
  readonly answer: (request: Recording) => Attempt | undefined | PromiseLike<Attempt | undefined>
  /** Called when something changed that a test may wait for. */
  readonly onChange: () => void
  /** Called if the script threw, or if the client sent something that is not HTTP. */
  readonly onError: (error: unknown) => void
  readonly isClosing: () => boolean
}

const AFTER_THE_SCRIPT: Attempt = {
  status: 204,
  framing: 'none',
  headers: { 'content-type': null },
  body: [],
}

/**
 * Serves one connection, one request at a time. The socket is read even while an attempt is played; otherwise the
 * server would not notice the client's FIN. If `socket` speaks TLS, `tcp` is the socket below it.
 */
export function serveConnection(socket: Socket, tcp: Socket, context: ConnectionContext): void {
  const { number, requests, answer, onChange, onError, isClosing } = context
  const closed = new AbortController()
  let unread: Buffer = Buffer.alloc(0)
  let current: Recording | undefined
  let closedBy: ClosedBy | undefined
  const ownRequests: Recording[] = []

  socket.on('data', (bytes: Buffer) => {
    unread = Buffer.concat([unread, bytes])
    takeRequest()
  })
  socket.on('end', leave)
  socket.on('close', () => {
    leave()
    for (const request of ownRequests) request.connectionClosedBy = closedBy
    onChange()
  })
  // A reset, a write after it, or a TLS alert also means that the client has left. `close` follows.
  socket.on('error', () => {})
  tcp.on('error', () => {})

  function takeRequest(): void {
    if (current || closed.signal.aborted) return
    try {
      const parsed = parseRequest(unread)
      if (!parsed) return
      unread = unread.subarray(parsed.length)
      current = createRecording(parsed.request, requests.length, number)
    } catch (error) {
      fail(error)
      return
    }
    requests.push(current)
    ownRequests.push(current)
    onChange()
    void play(current)
  }

  async function play(request: Recording): Promise<void> {
    const onSent = (bytes: number): void => {
      request.bytesSent += bytes
    }
    const onEnding = (): void => {
      closedBy ??= 'server'
      request.endedAt ??= performance.now()
    }
    try {
      const attempt = (await answer(request)) ?? AFTER_THE_SCRIPT
      const open = await perform(attempt, { socket, tcp, closed: closed.signal, onSent, onEnding })
      if (open) {
        request.endedAt ??= performance.now()
        current = undefined
      }
    } catch (error) {
      // A write fails after the client has left. That is not an error of the script.
      if (!closed.signal.aborted && !socket.destroyed) fail(error)
    }
    onChange()
    takeRequest()
  }

  function leave(): void {
    closedBy ??= isClosing() ? 'server' : 'client'
    if (current && current.endedAt === undefined) {
      current.endedAt = performance.now()
      current.closedByClient = closedBy === 'client'
    }
    closed.abort(new Error('the connection is closed'))
    onChange()
  }

  function fail(error: unknown): void {
    closedBy ??= 'server'
    onError(error)
    tcp.destroy()
  }
}
