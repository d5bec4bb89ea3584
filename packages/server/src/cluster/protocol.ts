import { findTargetFault } from '../fan-out/target.ts'
import { findEntryFault, findGapFault, findMessageFault, isOffset, isPosition } from '../log/check-entry.ts'
import type { LogEntry, LogGap, LoggedMessage, LogPage, LogPosition } from '../log/event-log.ts'
import type { Target } from '../sink/message.ts'
import { ClusterError } from './errors.ts'

/** One end of an ordered channel between the primary and a worker. */
export interface Channel {
  /** Never throws. `sent` is called when the message has left this process, or cannot leave it. */
  send(message: unknown, sent: () => void): void
}

/** What a worker sends. A batch of the calls of one tick. */
export interface WorkerMessage {
  /** The name of the log. */
  readonly rxsse: string
  /** Names one `clusterLog` of one worker. The primary answers with it. */
  readonly client: string
  readonly kind: 'hello' | 'calls' | 'bye'
  readonly calls?: readonly Call[]
}

/** A call has a number, which its answer repeats. */
export type Call =
  | readonly [n: number, name: 'append', message: LoggedMessage, target: Target, sourceId: string | null]
  | readonly [n: number, name: 'since', after: string | number, limit: number, maxBytes: number | null]
  | readonly [n: number, name: 'head']
  | readonly [n: number, name: 'tail']
  | readonly [n: number, name: 'take', key: string, most: number]
  /** Has no answer: gives back the permit that the call with this number took. */
  | readonly [n: number, name: 'release']

/**
 * What the primary sends. `begin` goes to every worker when the primary opens the log, `welcome`
 * answers `hello`. The answers of a batch come before its runs.
 */
export interface PrimaryMessage {
  readonly rxsse: string
  /** Missing in `begin`. */
  readonly client?: string
  readonly kind: 'begin' | 'welcome' | 'batch' | 'closed'
  readonly answers?: readonly Answer[]
  readonly runs?: readonly Run[]
}

export type Answer =
  | readonly [n: number, ok: true, value: unknown]
  | readonly [n: number, ok: false, reason: string]

/** Entries that follow one another, after a gap if there is one. */
export interface Run {
  readonly gap?: LogGap | undefined
  readonly entries: readonly LogEntry[]
}

/** A message of the log `name`; undefined if it belongs to somebody else. */
export function parseWorkerMessage(value: unknown, name: string): WorkerMessage | undefined {
  if (!isOwnMessage(value, name)) return undefined
  const { client, kind, calls = [] } = value
  if (typeof client !== 'string') throw invalid('a message without a client', value)
  if (kind !== 'hello' && kind !== 'calls' && kind !== 'bye')
    throw invalid('a message of an unknown kind', value)
  if (!Array.isArray(calls)) throw invalid('calls that are not a list', value)
  return { rxsse: name, client, kind, calls }
}

export function parsePrimaryMessage(value: unknown, name: string): PrimaryMessage | undefined {
  if (!isOwnMessage(value, name)) return undefined
  const { client, kind, answers = [], runs = [] } = value
  if (client !== undefined && typeof client !== 'string') throw invalid('a client that is not text', value)
  if (kind !== 'begin' && kind !== 'welcome' && kind !== 'batch' && kind !== 'closed') {
    throw invalid('a message of an unknown kind', value)
  }
  if (!Array.isArray(answers) || !Array.isArray(runs)) throw invalid('lists that are none', value)
  return { rxsse: name, ...(client === undefined ? {} : { client }), kind, answers, runs }
}

/** Throws if a worker asks for something that no `clusterLog` asks for. */
export function parseCall(value: unknown): Call {
  if (!Array.isArray(value) || !isOffset(value[0])) throw invalid('a call without a number', value)
  const [n, name, first, second, third] = value as [number, ...unknown[]]
  switch (name) {
    case 'append':
      if (third !== null && typeof third !== 'string') throw invalid('a source id that is not text', third)
      return [
        n,
        name,
        accept<LoggedMessage>('a message', first, findMessageFault(first)),
        accept<Target>('a target', second, findTargetFault(second)),
        third,
      ]
    case 'since':
      if (typeof first !== 'string' && !isOffset(first)) throw invalid('a position that is none', first)
      if (!isOffset(second)) throw invalid('a limit that is not a number', second)
      if (third !== null && !isOffset(third)) throw invalid('a number of bytes that is none', third)
      return [n, name, first, second, third]
    case 'head':
    case 'tail':
    case 'release':
      return [n, name]
    case 'take':
      if (typeof first !== 'string') throw invalid('a key that is not text', first)
      if (!isOffset(second)) throw invalid('a limit that is not a number', second)
      return [n, name, first, second]
    default:
      throw invalid('an unknown call', name)
  }
}

export function parseAnswer(value: unknown): Answer {
  if (!Array.isArray(value) || !isOffset(value[0])) throw invalid('an answer without a number', value)
  const [n, ok, result] = value as [number, unknown, unknown]
  if (ok === true) return [n, true, result]
  if (ok === false && typeof result === 'string') return [n, false, result]
  throw invalid('an answer that is neither a value nor a reason', value)
}

export function parsePosition(value: unknown): LogPosition {
  if (!isPosition(value)) throw invalid('a position that is none', value)
  return { id: value.id, offset: value.offset }
}

function parseEntry(value: unknown): LogEntry {
  return accept<LogEntry>('an entry', value, findEntryFault(value))
}

/** The answer to `append`: all of an entry that was there before, else only its position. */
export function parseAppended(value: unknown, message: LoggedMessage, target: Target): LogEntry {
  if (isObject(value) && value.message !== undefined) return parseEntry(value)
  return { ...parsePosition(value), message, target }
}

/** An entry that is not valid costs only itself: `onInvalid` gets the reason. */
export function parseRun(value: unknown, onInvalid: (error: unknown) => void): Run {
  if (!isObject(value) || !Array.isArray(value.entries)) throw invalid('a run without entries', value)
  const { gap } = value
  const gapFault = gap === undefined ? undefined : findGapFault(gap)
  const entries: LogEntry[] = []
  for (const entry of value.entries) {
    try {
      entries.push(parseEntry(entry))
    } catch (error) {
      onInvalid(error)
    }
  }
  return { gap: accept<LogGap | undefined>('a gap', gap, gapFault), entries }
}

export function parsePage(value: unknown, onInvalid: (error: unknown) => void): LogPage {
  const { gap, entries } = parseRun(value, onInvalid)
  const { end, more } = value as Record<string, unknown>
  if (!isOffset(end) || typeof more !== 'boolean') throw invalid('a page without an end', value)
  return { entries, end, more, gap }
}

/** The value, if there is nothing wrong with it. */
function accept<T>(what: string, value: unknown, fault: string | undefined): T {
  if (fault !== undefined) throw invalid(`${what} that is not valid, because ${fault}`, value)
  return value as T
}

function isOwnMessage(value: unknown, name: string): value is Record<string, unknown> {
  return isObject(value) && value.rxsse === name
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function invalid(what: string, value: unknown): ClusterError {
  return new ClusterError('invalid', `the channel brought ${what}: ${shorten(value)}`)
}

function shorten(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 100 ? `${text.slice(0, 100)}…` : text
}
