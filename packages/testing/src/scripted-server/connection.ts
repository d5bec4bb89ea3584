import type { Socket } from 'node:net'
import { parseRequest } from './parse-request.ts'
import { perform } from './perform.ts'
import { type ClosedBy, type Recording, record } from './recorded-request.ts'
import type { Attempt } from './script.ts'

/** What a connection needs of its server. */
export interface ConnectionContext {
  /** Which connection this is, from 0. */
  readonly number: number
  readonly requests: Recording[]
  readonly answer: (request: Recording) => Attempt | undefined | PromiseLike<Attempt | undefined>
  /** Something that a test may be waiting for has changed. */
  readonly onChange: () => void
  /** The script threw, or what came was no request. */
  readonly onError: (error: unknown) => void
  readonly isClosing: () => boolean
}

const afterTheScript: Attempt = { status: 204, framing: 'none', headers: { 'content-type': null }, body: [] }

/**
 * Serves one connection, one request at a time. The socket is read all along, also while an attempt is played: only so does
 * the server see the client's FIN. `tcp` is the socket under `socket` where that speaks TLS.
 */
export function serveConnection(socket: Socket, tcp: Socket, context: ConnectionContext): void {
  const { number, requests, answer, onChange, onError, isClosing } = context
  const gone = new AbortController()
  let unread: Buffer = Buffer.alloc(0)
  let current: Recording | undefined
  let closedBy: ClosedBy | undefined
  const mine: Recording[] = []

  socket.on('data', (bytes: Buffer) => {
    unread = Buffer.concat([unread, bytes])
    takeRequest()
  })
  socket.on('end', leave)
  socket.on('close', () => {
    leave()
    for (const request of mine) request.connectionClosedBy = closedBy
    onChange()
  })
  // A reset, a write after one, or a TLS alert is how a client leaves too; `close` follows.
  socket.on('error', () => {})
  tcp.on('error', () => {})

  function takeRequest(): void {
    if (current || gone.signal.aborted) return
    try {
      const parsed = parseRequest(unread)
      if (!parsed) return
      unread = unread.subarray(parsed.length)
      current = record(parsed.request, requests.length, number)
    } catch (error) {
      fail(error)
      return
    }
    requests.push(current)
    mine.push(current)
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
      const attempt = (await answer(request)) ?? afterTheScript
      const open = await perform(attempt, { socket, tcp, gone: gone.signal, onSent, onEnding })
      if (open) {
        request.endedAt ??= performance.now()
        current = undefined
      }
    } catch (error) {
      // Once the client has left, a write that fails is no news.
      if (!gone.signal.aborted && !socket.destroyed) fail(error)
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
    gone.abort(new Error('the connection is gone'))
    onChange()
  }

  function fail(error: unknown): void {
    closedBy ??= 'server'
    onError(error)
    tcp.destroy()
  }
}
