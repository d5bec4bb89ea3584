/** The result of reading a whole event stream. */
export interface Interpretation {
  readonly events: readonly { readonly type: string; readonly data: string; readonly lastEventId: string }[]
  /** The last valid reconnection time in milliseconds, or null if there was none. */
  readonly retry: number | null
  /** The last event ID string at the end, which a reconnection would send. */
  readonly lastEventId: string
}

/**
 * Parses a whole body as the HTML standard says, word by word: "Parsing an event stream" (9.2.5) and "Interpreting an
 * event stream" (9.2.6). It is a model for tests of other parsers: simple, without streaming and slow.
 *
 * `previousId` is the last event ID string of the previous connection.
 */
export function referenceParse(bytes: Uint8Array, previousId: string = ''): Interpretation {
  const events: { type: string; data: string; lastEventId: string }[] = []
  let retry: number | null = null
  let dataBuffer = ''
  let eventTypeBuffer = ''
  let lastEventIdBuffer = previousId
  let lastEventId = previousId

  for (const line of splitLines(decodeUtf8(bytes))) {
    if (line === '') {
      lastEventId = lastEventIdBuffer
      if (dataBuffer !== '') {
        events.push({ type: eventTypeBuffer || 'message', data: dataBuffer.slice(0, -1), lastEventId })
      }
      dataBuffer = ''
      eventTypeBuffer = ''
      continue
    }
    const colon = line.indexOf(':')
    if (colon === 0) continue
    const field = colon === -1 ? line : line.slice(0, colon)
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (field === 'event') eventTypeBuffer = value
    else if (field === 'data') dataBuffer += `${value}\n`
    else if (field === 'id' && !value.includes('\0')) lastEventIdBuffer = value
    else if (field === 'retry' && /^[0-9]+$/.test(value)) retry = Number.parseInt(value, 10)
  }
  return { events, retry, lastEventId }
}

/** "UTF-8 decode" of the Encoding standard: removes one leading BOM, replaces ill-formed sequences with U+FFFD. */
function decodeUtf8(bytes: Uint8Array): string {
  const hasBom = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(hasBom ? bytes.subarray(3) : bytes)
}

/** Splits text at CRLF, LF or CR. Discards the text after the last line end, because that line is incomplete. */
function splitLines(text: string): string[] {
  return text.split(/\r\n|\n|\r/).slice(0, -1)
}
