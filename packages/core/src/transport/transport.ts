/** Opens HTTP exchanges and pushes what they receive. */
export interface Transport {
  /** Whether it calls `onConnected`. Without it, `timeouts.connect` does not run and `timeouts.head` counts from the start. */
  readonly reportsConnected?: boolean
  /**
   * Sends the request. Calls `onResponse` once, `onData` for each piece of the decoded body, then `onEnd` or `onError` once.
   * `onError` may come first. Calls nothing after `onEnd`, `onError` or `abort`, and nothing from within `open` or `resume`.
   */
  open(request: TransportRequest, handler: TransportHandler): TransportConnection
}

/** A request that a transport sends. */
export interface TransportRequest {
  /** An http or https URL without user, password and fragment. */
  readonly url: URL
  /** The HTTP method. */
  readonly method: string
  /** Values by lower-case name. Every character is a byte. */
  readonly headers: Readonly<Record<string, string>>
  /** The headers after a redirect to another origin: without everything that the caller set. */
  readonly crossOriginHeaders: Readonly<Record<string, string>>
  /** The bytes of the body, if there is one. */
  readonly body: Uint8Array<ArrayBuffer> | undefined
  /** Whether a redirect is followed or fails with the error `redirect`. */
  readonly redirect: 'follow' | 'error'
}

/** The head of the response, after redirects. */
export interface TransportResponse {
  /** The HTTP status. */
  readonly status: number
  /** Values by lower-case name. The values of a repeated field are joined by `', '`. */
  readonly headers: Readonly<Record<string, string>>
  /** The URL of the response, after redirects. */
  readonly url: string
}

/** The kinds of failure of a transport. */
export type TransportErrorCode = 'network' | 'tls' | 'redirect' | 'request'

/** Receives what a transport pushes. */
export interface TransportHandler {
  /** The connection stands, TLS included, and the request is being sent. Called again after a redirect. */
  onConnected?(): void
  /** The head has arrived. */
  onResponse(response: TransportResponse): void
  /** A piece of the body has arrived. */
  onData(bytes: Uint8Array): void
  /** The body has ended properly. */
  onEnd(): void
  /** The exchange has failed. */
  onError(code: TransportErrorCode, cause: unknown): void
}

/** Controls an exchange, at any time, also before the response. */
export interface TransportConnection {
  /** Stops reading from the socket, so that TCP slows the server down. Bytes already read may still arrive. */
  pause(): void
  /** Resumes reading. */
  resume(): void
  /** Closes the socket. */
  abort(): void
}
