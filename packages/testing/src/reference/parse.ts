/** What an event stream comes to once all of it has been read. */
export interface Interpretation {
  readonly events: readonly { readonly type: string; readonly data: string; readonly lastEventId: string }[]
  /** The last valid reconnection time in milliseconds, or null where there was none. */
  readonly retry: number | null
  /** The last event ID string at the end: what a reconnect would send. */
  readonly lastEventId: string
}

/**
 * The HTML standard's "Parsing an event stream" and "Interpreting an event stream" (sections 9.2.5 and 9.2.6), word by word, over
 * a whole body. It is a model to test parsers against: simple enough to be seen right, without streaming and without speed.
 *
 * `previousId` is the last event ID string that an earlier connection of the same source left.
 */
export function referenceParse(bytes: Uint8Array, previousId: string = ''): Interpretation {
  const events: { type: string; data: string; lastEventId: string }[] = []
  let retry: number | null = null
  let dataBuffer = ''
  let eventTypeBuffer = ''
  let lastEventIdBuffer = previousId
  let lastEventId = previousId

  for (const line of terminatedLines(decodeUtf8(bytes))) {
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

/** "UTF-8 decode" of the Encoding standard: one leading BOM is dropped, ill-formed sequences become U+FFFD. */
function decodeUtf8(bytes: Uint8Array): string {
  const hasBom = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(hasBom ? bytes.subarray(3) : bytes)
}

/** The lines that have an end: CRLF, LF or CR. What follows the last of them is an incomplete line, and is discarded. */
function terminatedLines(text: string): string[] {
  return text.split(/\r\n|\n|\r/).slice(0, -1)
}
