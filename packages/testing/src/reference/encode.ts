import { optionError } from '@rxsse/shared'

/** A message as a server sends it, with only the fields of the wire format. */
export interface WireMessage {
  readonly type?: string
  readonly data: string
  /** `''` resets the client's last event ID. */
  readonly id?: string
  /** Milliseconds, a non-negative integer. */
  readonly retry?: number
}

/**
 * Encodes a message as a block of lines: the fields retry, event, id and data in this order, one `data:` line for each
 * line of `data`, and a blank line.
 *
 * @throws TypeError if `type` or `id` contains a line break or NUL, or if `retry` is not a whole number from 0.
 */
export function referenceEncode({ type, data, id, retry }: WireMessage): string {
  let block = ''
  if (retry !== undefined) {
    if (!Number.isSafeInteger(retry) || retry < 0) {
      throw optionError('retry', 'a whole number of milliseconds from 0', retry)
    }
    block += `retry: ${retry}\n`
  }
  if (type !== undefined) block += `event: ${requireOneLine('type', type)}\n`
  if (id !== undefined) block += `id: ${requireOneLine('id', id)}\n`
  for (const line of data.split(/\r\n|\n|\r/)) block += `data: ${line}\n`
  return `${block}\n`
}

function requireOneLine(name: 'type' | 'id', value: string): string {
  if (/[\0\r\n]/.test(value)) throw optionError(name, 'text without CR, LF and NUL', value)
  return value
}
