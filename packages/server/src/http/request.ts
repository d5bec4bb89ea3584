/** A request for a stream, the same for every adapter. */
export interface SinkRequest {
  /** The HTTP method. */
  readonly method: string
  /** Its url, absolute. */
  readonly url: URL
  /** Its headers; one character stands for one byte. */
  readonly headers: Headers
  /** Aborted when the client has gone. */
  readonly signal: AbortSignal
  /** What the adapter was given: an `IncomingMessage`, an `Http2ServerRequest`, a Fetch `Request`. */
  readonly raw: unknown
}

/**
 * The id to resume after: the `Last-Event-ID` header, or the query parameter `lastEventId` for clients that
 * cannot set headers. The header wins: a browser that reconnects sends it beside the URL it began with.
 */
export function lastEventIdOf({ headers, url }: SinkRequest): string | undefined {
  const header = headers.get('last-event-id')
  if (header !== null && header !== '') return utf8(header)
  const parameter = url.searchParams.get('lastEventId')
  return parameter === null || parameter === '' ? undefined : parameter
}

/** Header bytes are handed over one character a byte, and an id is UTF-8 (HTML, 9.2.3). */
function utf8(header: string): string {
  const bytes = Uint8Array.from(header, (character) => character.charCodeAt(0))
  try {
    // A runtime that has decoded them already gives characters that are no bytes.
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the range of a byte is what is tested.
    return /^[\u0000-\u00ff]*$/.test(header) ? decoder.decode(bytes) : header
  } catch {
    return header
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
