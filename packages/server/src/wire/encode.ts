import { SinkError } from '../sink/errors.ts'
import type { WireMessage } from './message.ts'

/** An event block of `text/event-stream` (HTML, 9.2.5), with the blank line that dispatches it. */
export function encodeMessage({ type, data, id, retry }: WireMessage): string {
  let head = ''
  // 'message' is what a reader assumes where no type is named.
  if (type !== undefined && type !== '' && type !== 'message') head = `event: ${type}\n`
  if (id !== undefined) head += encodeId(id)
  if (retry !== undefined) head += encodeRetry(retry)
  return `${head}${encodeData(data)}\n`
}

/** An `id` line on its own: a block of nothing else moves the reader's cursor and dispatches nothing. */
export function encodeId(id: string): string {
  return id === '' ? 'id:\n' : `id: ${id}\n`
}

/** The `retry` line: how many milliseconds a reader waits before it connects again. */
export function encodeRetry(milliseconds: number): string {
  return `retry: ${milliseconds}\n`
}

/** Comment lines, one for each line of the text; readers ignore them, proxies count them as life. */
export function encodeComment(text: string): string {
  if (text.includes('\0')) throw new SinkError('message', 'a comment has NUL in it; it must be plain text')
  return text
    .split(LINE_BREAK)
    .map((line) => (line === '' ? ':\n' : `: ${line}\n`))
    .join('')
}

const LINE_BREAK = /\r\n|\r|\n/

// Most data is one line (JSON always is), so that is the straight path.
function encodeData(data: string): string {
  if (!data.includes('\n') && !data.includes('\r')) return dataLine(data)
  return data.split(LINE_BREAK).map(dataLine).join('')
}

/** The space is part of the field: a reader takes one away, so data that starts with a space keeps its own. */
function dataLine(line: string): string {
  return line === '' ? 'data:\n' : `data: ${line}\n`
}
