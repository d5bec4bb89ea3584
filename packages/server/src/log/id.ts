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

/** The entries that a log holds: those of one epoch with `first <= offset <= last`. */
export interface HeldRange {
  readonly epoch: string
  readonly first: number
  readonly last: number
}

/** Where to continue after an id. */
export interface ResumePoint {
  /** Continue strictly after this offset. */
  readonly after: number
  readonly gap?: LogGap
}

export function findResumePoint(id: string, { epoch, first, last }: HeldRange): ResumePoint {
  const parsed = parseId(id)
  if (parsed === undefined) return createGap('unknown', last)
  if (parsed.epoch !== epoch) return createGap('epoch', first - 1)
  if (parsed.offset > last) return createGap('ahead', last)
  if (parsed.offset < first - 1) return createGap('trimmed', first - 1, first - 1 - parsed.offset)
  return { after: parsed.offset }

  function createGap(reason: GapReason, offset: number, missed?: number): ResumePoint {
    return { after: offset, gap: { reason, from: id, to: { id: formatId(epoch, offset), offset }, missed } }
  }
}

function parseId(id: string): { epoch: string; offset: number } | undefined {
  const match = /^([0-9a-z]+)-(0|[1-9]\d{0,15})$/.exec(id)
  if (match === null) return undefined
  const [, epoch = '', offset = ''] = match
  return Number.isSafeInteger(Number(offset)) ? { epoch, offset: Number(offset) } : undefined
}
