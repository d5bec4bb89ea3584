import { SinkError } from '../sink/errors.ts'
import type { WireMessage } from './message.ts'

/** An event block of `text/event-stream` (HTML, 9.2.5), with the blank line that dispatches it. */
export function encodeMessage({ type, data, id, retry }: WireMessage): string {
  let head = ''
  // Without an event line, the type is 'message'.
  if (type !== undefined && type !== '' && type !== 'message') head = `event: ${type}\n`
  if (id !== undefined) head += encodeId(id)
  if (retry !== undefined) head += encodeRetry(retry)
  return `${head}${encodeData(data)}\n`
}

/** An `id` line. A block with nothing else sets the last event ID and dispatches nothing. */
export function encodeId(id: string): string {
  return id === '' ? 'id:\n' : `id: ${id}\n`
}

/** A `retry` line: the milliseconds that a client waits before it connects again. */
export function encodeRetry(milliseconds: number): string {
  return `retry: ${milliseconds}\n`
}

/** A comment line for each line of the text. Clients ignore them; proxies see traffic. */
export function encodeComment(text: string): string {
  if (text.includes('\0')) throw new SinkError('message', 'a comment has NUL in it; it must be plain text')
  return text
    .split(LINE_BREAK)
    .map((line) => (line === '' ? ':\n' : `: ${line}\n`))
    .join('')
}

const LINE_BREAK = /\r\n|\r|\n/

// Most data is one line, and JSON always is, so that case comes first.
function encodeData(data: string): string {
  if (!data.includes('\n') && !data.includes('\r')) return encodeDataLine(data)
  return data.split(LINE_BREAK).map(encodeDataLine).join('')
}

/** A parser removes one space after the colon, so data that starts with a space keeps its own. */
function encodeDataLine(line: string): string {
  return line === '' ? 'data:\n' : `data: ${line}\n`
}
