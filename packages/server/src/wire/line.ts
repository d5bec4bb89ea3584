import { SinkError } from '../sink/errors.ts'

/**
 * Refuses text that cannot be the value of one field. A line break would end the field and start
 * another one; an id with NUL is ignored (HTML, 9.2.6).
 */
export function assertLine(value: unknown, field: string): asserts value is string {
  if (typeof value !== 'string') {
    throw new SinkError('message', `${field} is ${typeof value}; it must be a string`)
  }
  const at = value.search(FORBIDDEN)
  if (at < 0) return
  throw new SinkError(
    'message',
    `${field} has ${NAMES[value.charCodeAt(at)]} at index ${at}; it must be one line without NUL`,
  )
}

/** Whether a value can be the value of one field, see {@link assertLine}. */
export function isLine(value: unknown): value is string {
  return typeof value === 'string' && !FORBIDDEN.test(value)
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these three characters are forbidden.
const FORBIDDEN = /[\r\n\u0000]/

const NAMES: Readonly<Record<number, string>> = { 0: 'NUL', 10: 'a line feed', 13: 'a carriage return' }
