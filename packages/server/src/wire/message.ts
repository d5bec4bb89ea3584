import { describeValue, type SseMessage } from '@rxsse/shared'
import { SinkError } from '../sink/errors.ts'
import { toJson } from './json.ts'
import { assertLine } from './line.ts'

/** A checked message: its data is text, and each other field is one line. */
export interface WireMessage {
  readonly type?: string | undefined
  readonly data: string
  readonly id?: string | undefined
  readonly retry?: number | undefined
}

/**
 * Checks a message and turns its data into text. Encoding it cannot fail after that. Throws a
 * {@link SinkError} with code `message` that names the field and the rule.
 */
export function toWireMessage(message: SseMessage): WireMessage {
  if (typeof message !== 'object' || message === null) {
    throw new SinkError('message', `a message is ${describeValue(message)}; it must be an object with data`)
  }
  const { type, id, retry } = message
  if (type !== undefined) assertLine(type, 'message.type')
  if (id !== undefined) assertLine(id, 'message.id')
  if (retry !== undefined) assertRetry(retry)
  return { type, data: toText(message.data), id, retry }
}

/** Clients accept only ASCII digits (HTML, 9.2.6) and ignore a fraction, a sign or an exponent. */
function assertRetry(retry: unknown): asserts retry is number {
  if (Number.isSafeInteger(retry) && (retry as number) >= 0) return
  throw new SinkError(
    'message',
    `message.retry is ${String(retry)}; it must be whole milliseconds, 0 or more`,
  )
}

function toText(data: unknown): string {
  if (typeof data === 'string') return data
  try {
    return toJson(data, 'message.data')
  } catch (error) {
    const { message, cause } = error as Error
    throw new SinkError('message', message, { cause })
  }
}
