import type { SseMessage } from '@rxsse/shared'
import { SinkError } from '../sink/errors.ts'
import { assertLine } from './line.ts'

/** A message that is known to be encodable: its data is text, its fields are one line each. */
export interface WireMessage {
  readonly type?: string | undefined
  readonly data: string
  readonly id?: string | undefined
  readonly retry?: number | undefined
}

/**
 * Checks a message and turns its data into text, so that nothing after this can fail.
 * Throws a {@link SinkError} with code `message` that names the field and what would be right.
 */
export function toWireMessage(message: SseMessage): WireMessage {
  if (typeof message !== 'object' || message === null) {
    throw new SinkError('message', `a message is ${describe(message)}; it must be an object with data`)
  }
  const { type, id, retry } = message
  if (type !== undefined) assertLine(type, 'message.type')
  if (id !== undefined) assertLine(id, 'message.id')
  if (retry !== undefined) assertRetry(retry)
  return { type, data: toText(message.data), id, retry }
}

/** A reader takes ASCII digits alone (HTML, 9.2.6), so a fraction, a sign or an exponent would be dropped there. */
function assertRetry(retry: unknown): asserts retry is number {
  if (Number.isSafeInteger(retry) && (retry as number) >= 0) return
  throw new SinkError(
    'message',
    `message.retry is ${String(retry)}; it must be whole milliseconds, 0 or more`,
  )
}

function toText(data: unknown): string {
  if (typeof data === 'string') return data
  let json: string | undefined
  try {
    json = JSON.stringify(data)
  } catch (cause) {
    throw new SinkError('message', `message.data cannot be written as JSON: ${reason(cause)}`, { cause })
  }
  if (json !== undefined) return json
  throw new SinkError(
    'message',
    `message.data is ${describe(data)}, which JSON has no form for; send null or text`,
  )
}

function describe(value: unknown): string {
  return value === null ? 'null' : typeof value
}

function reason(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
