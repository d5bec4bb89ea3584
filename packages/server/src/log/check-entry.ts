import { describeValue } from '@rxsse/shared'
import { findTargetFault } from '../fan-out/target.ts'
import { isLine } from '../wire/line.ts'
import type { LogPosition } from './event-log.ts'

/**
 * What is wrong with an entry; undefined if it can be sent. A log's content comes from outside:
 * from a disk, from Redis, from another version of a program.
 */
export function findEntryFault(entry: unknown): string | undefined {
  if (!isObject(entry)) return `it is ${describeValue(entry)}`
  const { id, offset, message, target } = entry
  if (!isId(id)) return 'its id must be one line of text without NUL'
  if (!isOffset(offset)) return 'its offset must be a whole number'
  const fault = findMessageFault(message)
  if (fault !== undefined) return fault
  const targetFault = findTargetFault(target)
  return targetFault && `its target is wrong: ${targetFault}`
}

/** What is wrong with the message of an entry; undefined if it can be sent. */
export function findMessageFault(message: unknown): string | undefined {
  if (!isObject(message)) return `its message is ${describeValue(message)}`
  const { type, data, id, retry, topic, key, trace } = message
  if (typeof data !== 'string') return `its data is ${describeValue(data)}; it must be text`
  if (typeof topic !== 'string') return `its topic is ${describeValue(topic)}; it must be text`
  if (type !== undefined && !isLine(type)) return 'its type must be one line of text without NUL'
  if (id !== undefined && !isLine(id)) return "its message's id must be one line of text without NUL"
  if (retry !== undefined && !isOffset(retry)) return 'its retry must be whole milliseconds'
  if (key !== undefined && typeof key !== 'string') return 'its key must be text'
  if (trace !== undefined && !isTextRecord(trace)) return 'its trace must be fields of text'
  return undefined
}

/** What is wrong with a gap; undefined if it can be sent. */
export function findGapFault(gap: unknown): string | undefined {
  if (!isObject(gap)) return `it is ${describeValue(gap)}`
  const { reason, from, to, missed } = gap
  if (typeof reason !== 'string' || typeof from !== 'string') return 'its reason and from must be text'
  if (missed !== undefined && !isOffset(missed)) return 'its number of missed entries is none'
  return isPosition(to) ? undefined : 'it must end at a position'
}

export function isPosition(value: unknown): value is LogPosition {
  return isObject(value) && isId(value.id) && isOffset(value.offset)
}

export function isOffset(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

/** An empty id would reset the client's last event ID, so no log has one. */
function isId(value: unknown): boolean {
  return value !== '' && isLine(value)
}

function isTextRecord(value: unknown): boolean {
  return isObject(value) && Object.values(value).every((field) => typeof field === 'string')
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null
}

type Fields = { readonly [name: string]: unknown }
