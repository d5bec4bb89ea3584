import type { WireRequest } from './parse-request.ts'

/** Who ended a connection first. */
export type ClosedBy = 'client' | 'server'

/** A request as it was received, and how its attempt ended. Times are milliseconds of `performance.now()`. */
export interface RecordedRequest {
  /** Its number in the order of arrival over all connections, from 0. */
  readonly index: number
  /** The number of its connection, from 0. Two requests with the same number used the same socket. */
  readonly connection: number
  readonly method: string
  /** The request target as sent: path and query. */
  readonly path: string
  readonly httpVersion: string
  /** By lower-case name. Repeated fields are joined with `', '`. Values are latin-1, one character for each byte. */
  readonly headers: Readonly<Record<string, string>>
  /** Names and values as sent, in order. */
  readonly rawHeaders: readonly (readonly [name: string, value: string])[]
  /** The `Last-Event-ID` header decoded as UTF-8, as the HTML standard encodes it. `''` if there is none. */
  readonly lastEventId: string
  /** The body, without its transfer coding. */
  readonly body: Buffer
  readonly receivedAt: number
  /** Bytes of the response that the operating system has accepted, head and framing included. */
  readonly bytesSent: number
  /** When the attempt ended: the server ended, cut or reset it, or the client left. */
  readonly endedAt: number | undefined
  /** Whether the client closed the socket before the server's script came to its end. */
  readonly closedByClient: boolean
}

/** A request whose record is still being written. */
export type Recording = { -readonly [K in keyof RecordedRequest]: RecordedRequest[K] } & {
  /** Set when the connection is closed. */
  connectionClosedBy: ClosedBy | undefined
}

export function createRecording(request: WireRequest, index: number, connection: number): Recording {
  return {
    ...request,
    index,
    connection,
    lastEventId: Buffer.from(request.headers['last-event-id'] ?? '', 'latin1').toString(),
    receivedAt: performance.now(),
    bytesSent: 0,
    endedAt: undefined,
    closedByClient: false,
    connectionClosedBy: undefined,
  }
}
