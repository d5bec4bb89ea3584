/** A message as a server sends it; the fields of the wire, nothing more. */
export interface WireMessage {
  readonly type?: string
  readonly data: string
  /** `''` resets the reader's last event ID. */
  readonly id?: string
  /** Milliseconds, a non-negative integer. */
  readonly retry?: number
}

/**
 * A message as the block of lines that a parser turns back into it: fields in the order retry, event, id, data, one `data:` line for
 * each line of `data`, ended by a blank line. What cannot be said on the wire is a `TypeError`: a line break or NUL in `type` or
 * `id`, a `retry` that is not a whole number from 0.
 */
export function referenceEncode({ type, data, id, retry }: WireMessage): string {
  let block = ''
  if (retry !== undefined) {
    if (!Number.isSafeInteger(retry) || retry < 0) {
      throw new TypeError(`retry takes a whole number of milliseconds from 0, got ${retry}`)
    }
    block += `retry: ${retry}\n`
  }
  if (type !== undefined) block += `event: ${oneLine('type', type)}\n`
  if (id !== undefined) block += `id: ${oneLine('id', id)}\n`
  for (const line of data.split(/\r\n|\n|\r/)) block += `data: ${line}\n`
  return `${block}\n`
}

function oneLine(name: 'type' | 'id', value: string): string {
  if (/[\0\r\n]/.test(value))
    throw new TypeError(`${name} takes no CR, LF or NUL, got ${JSON.stringify(value)}`)
  return value
}
