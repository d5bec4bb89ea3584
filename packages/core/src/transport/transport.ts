/** Makes one HTTP exchange, and pushes what it receives. */
export interface Transport {
  /**
   * Sends the request. Calls `onResponse` once, `onData` for each piece of the body (content codings undone),
   * then `onEnd` or `onError` once, which may come first; nothing after that or after `abort`, and nothing from within `open` and `resume`.
   */
  open(request: TransportRequest, handler: TransportHandler): TransportConnection
}

/** What a transport sends. */
export interface TransportRequest {
  /** An http or https URL without user, password and fragment. */
  readonly url: URL
  /** The HTTP method. */
  readonly method: string
  /** Values by lower-case name; every character is a byte. */
  readonly headers: Readonly<Record<string, string>>
  /** What is left of `headers` once a redirect leaves the origin: nothing that the caller set. */
  readonly crossOriginHeaders: Readonly<Record<string, string>>
  /** The bytes of the body, where there is one. */
  readonly body: Uint8Array<ArrayBuffer> | undefined
  /** Whether a redirect is followed, or is the error `redirect`. */
  readonly redirect: 'follow' | 'error'
}

/** The head of the answer, after redirects. */
export interface TransportResponse {
  /** The HTTP status. */
  readonly status: number
  /** Values by lower-case name; those of a repeated field joined by `', '`. */
  readonly headers: Readonly<Record<string, string>>
  /** Where the answer comes from, after redirects. */
  readonly url: string
}

/** The failures that a transport can tell apart. */
export type TransportErrorCode = 'network' | 'tls' | 'redirect' | 'request'

/** Where a transport pushes what it receives. */
export interface TransportHandler {
  /** The head has come. */
  onResponse(response: TransportResponse): void
  /** A piece of the body has come. */
  onData(bytes: Uint8Array): void
  /** The body has ended properly. */
  onEnd(): void
  /** The exchange has failed. */
  onError(code: TransportErrorCode, cause: unknown): void
}

/** The way back: what the reader can do to the exchange at any moment, also before the response. */
export interface TransportConnection {
  /** Stops reading from the socket, so that TCP slows the server down. What was read already may still arrive. */
  pause(): void
  /** Goes on reading. */
  resume(): void
  /** Closes the socket. */
  abort(): void
}
