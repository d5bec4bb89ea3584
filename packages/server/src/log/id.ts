import type { GapReason, LogGap } from './event-log.ts'

/** Ids are `epoch-offset`: the epoch names one life of a log, the offset an entry in it. */
export function formatId(epoch: string, offset: number): string {
  return `${epoch}-${offset}`
}

/** The epoch and offset of an id, or undefined where it is none of ours. */
function parseId(id: string): { epoch: string; offset: number } | undefined {
  const match = /^([0-9a-z]+)-(0|[1-9]\d{0,15})$/.exec(id)
  if (match === null) return undefined
  const [, epoch = '', offset = ''] = match
  return Number.isSafeInteger(Number(offset)) ? { epoch, offset: Number(offset) } : undefined
}

/** A new epoch: the time, so that later ones sort after, and chance, so that no two are the same. */
export function newEpoch(): string {
  const chance = Math.floor(Math.random() * 36 ** 5)
  return Date.now().toString(36) + chance.toString(36).padStart(5, '0')
}

/** What a log holds: the entries of one epoch with `first <= offset <= last`. */
export interface HeldSpan {
  readonly epoch: string
  readonly first: number
  readonly last: number
}

/** Where to go on after an id: strictly after that offset, and with a gap to tell of where there is one. */
export interface Located {
  readonly after: number
  readonly gap?: LogGap
}

export function locate(id: string, { epoch, first, last }: HeldSpan): Located {
  const parsed = parseId(id)
  if (parsed === undefined) return gap('unknown', last)
  if (parsed.epoch !== epoch) return gap('epoch', first - 1)
  if (parsed.offset > last) return gap('ahead', last)
  if (parsed.offset < first - 1) return gap('trimmed', first - 1, first - 1 - parsed.offset)
  return { after: parsed.offset }

  function gap(reason: GapReason, offset: number, missed?: number): Located {
    return { after: offset, gap: { reason, from: id, to: { id: formatId(epoch, offset), offset }, missed } }
  }
}
