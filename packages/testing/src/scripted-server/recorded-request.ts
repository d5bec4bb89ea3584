import type { WireRequest } from './parse-request.ts'

/** Who ended a connection first. */
export type ClosedBy = 'client' | 'server'

/** A request as it came off the wire, and what became of it. Times are milliseconds of `performance.now()`. */
export interface RecordedRequest {
  /** Place in the order of arrival over all connections, from 0. */
  readonly index: number
  /** Which connection it came on, from 0: two requests with one number shared a socket. */
  readonly connection: number
  readonly method: string
  /** The request target as sent: path and query. */
  readonly path: string
  readonly httpVersion: string
  /** By lower-case name; repeated fields joined with `', '`. Values are latin-1, one character a byte. */
  readonly headers: Readonly<Record<string, string>>
  /** Names and values as sent, in order. */
  readonly rawHeaders: readonly (readonly [name: string, value: string])[]
  /** The `Last-Event-ID` header read as UTF-8, as the HTML standard has it sent. `''` where there is none. */
  readonly lastEventId: string
  /** The body, its transfer coding undone. */
  readonly body: Buffer
  readonly receivedAt: number
  /** Bytes of the answer that the operating system has taken, head and framing included. */
  readonly bytesSent: number
  /** When the attempt was over: the server ended, cut or reset it, or the client left. */
  readonly endedAt: number | undefined
  /** Whether the client closed the socket before the server's script came to its end. */
  readonly closedByClient: boolean
}

/** The record while it is being written. */
export type Recording = { -readonly [K in keyof RecordedRequest]: RecordedRequest[K] } & {
  /** Set once the connection is gone. */
  connectionClosedBy: ClosedBy | undefined
}

export function record(request: WireRequest, index: number, connection: number): Recording {
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
