/** A request for a stream, the same for every adapter. */
export interface SinkRequest {
  /** The HTTP method. */
  readonly method: string
  /** The absolute URL. */
  readonly url: URL
  /** The headers. Each character stands for one byte. */
  readonly headers: Headers
  /** Aborts when the client leaves. */
  readonly signal: AbortSignal
  /** The adapter's request: an `IncomingMessage`, `Http2ServerRequest` or Fetch `Request`. */
  readonly raw: unknown
}

/**
 * The id to resume after: the `Last-Event-ID` header, or the query parameter `lastEventId` for
 * clients that cannot set headers. The header wins: a browser sends it with its original URL.
 */
export function readLastEventId({ headers, url }: SinkRequest): string | undefined {
  const header = headers.get('last-event-id')
  if (header !== null && header !== '') return decodeUtf8(header)
  const parameter = url.searchParams.get('lastEventId')
  return parameter === null || parameter === '' ? undefined : parameter
}

/** A header has one character for each byte, but an id is UTF-8 (HTML, 9.2.3). */
function decodeUtf8(header: string): string {
  // A character above a byte: this runtime has decoded the header already.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range of a byte is tested.
  if (!/^[\u0000-\u00ff]*$/.test(header)) return header
  try {
    return DECODER.decode(Uint8Array.from(header, (character) => character.charCodeAt(0)))
  } catch {
    return header
  }
}

const DECODER = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
