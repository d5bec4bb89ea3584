import type { GapReason, LogGap } from './event-log.ts'

/** An id is `epoch-offset`. A log that loses its entries starts a new epoch. */
export function formatId(epoch: string, offset: number): string {
  return `${epoch}-${offset}`
}

/** The time, so that later epochs sort after earlier ones, and a random part against collisions. */
export function createEpoch(): string {
  const random = Math.floor(Math.random() * 36 ** 5)
  return Date.now().toString(36) + random.toString(36).padStart(5, '0')
}

/** From when a log was opened until it was opened again. Its ids begin with its epoch. */
export interface Term {
  readonly epoch: string
  /** The last offset before it. */
  readonly base: number
}

/** The entries that a log holds: those with `first <= offset <= last`. */
export interface HeldRange {
  /** The terms that are known, in order. At least one. */
  readonly terms: readonly Term[]
  readonly first: number
  readonly last: number
}

/** The id of an offset, as it was when its entry was appended. */
export function findId(terms: readonly Term[], offset: number): string {
  const term = terms.findLast(({ base }) => base < offset) ?? terms[0]
  return formatId(term?.epoch ?? '', offset)
}

/** Where to continue after an id. */
export interface ResumePoint {
  /** Continue strictly after this offset. */
  readonly after: number
  readonly gap?: LogGap
}

export function findResumePoint(id: string, { terms, first, last }: HeldRange): ResumePoint {
  const parsed = parseId(id)
  if (parsed === undefined) return createGap('unknown', last)
  const index = terms.findLastIndex(({ epoch }) => epoch === parsed.epoch)
  if (index === -1) return createGap('epoch', first - 1)
  // An entry beyond the end of its term was lost: the disk had not written it, or the log is restored from a backup.
  const end = terms[index + 1]?.base ?? last
  if (parsed.offset > end) return createGap('ahead', Math.max(end, first - 1))
  if (parsed.offset < first - 1) return createGap('trimmed', first - 1, first - 1 - parsed.offset)
  return { after: parsed.offset }

  function createGap(reason: GapReason, offset: number, missed?: number): ResumePoint {
    return { after: offset, gap: { reason, from: id, to: { id: findId(terms, offset), offset }, missed } }
  }
}

function parseId(id: string): { epoch: string; offset: number } | undefined {
  const match = /^([0-9a-z]+)-(0|[1-9]\d{0,15})$/.exec(id)
  if (match === null) return undefined
  const [, epoch = '', offset = ''] = match
  return Number.isSafeInteger(Number(offset)) ? { epoch, offset: Number(offset) } : undefined
}
