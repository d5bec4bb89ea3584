import type { LogEntry, LoggedMessage, LogPosition, Target } from '@rxsse/server'

/** An entry with the log's own id of it: `id` may be the message's. */
export interface PlacedEntry extends LogEntry {
  readonly place: string
}

/** What is kept of a message, as JSON: any text survives it, lone surrogates too. */
export function encodeBody(message: LoggedMessage, target: Target): string {
  return JSON.stringify({ message, target })
}

export function decodeEntry(
  place: string,
  offset: number,
  body: string,
  ids: 'epoch' | 'message',
): PlacedEntry {
  const { message, target }: { message: LoggedMessage; target: Target } = JSON.parse(body)
  return { place, id: ownId(message, ids) ?? place, offset, message, target }
}

/** The id readers see, where it is not the log's. */
export function ownId({ id }: LoggedMessage, ids: 'epoch' | 'message'): string | undefined {
  return ids === 'message' && id !== undefined && id !== '' ? id : undefined
}

/** The epoch and number of an id of the log's own. */
export function parsePlace(place: string): { readonly epoch: string; readonly number: number } {
  const [epoch = '', number = ''] = place.split('-')
  return { epoch, number: Number(number) }
}

/** The place before an entry, which is also that of a term's beginning. */
export function placeBefore({ place, offset }: PlacedEntry): LogPosition {
  const { epoch, number } = parsePlace(place)
  return { id: `${epoch}-${number - 1}`, offset: offset - 1 }
}

/** A name for a new term: the time, so that later ones sort after, and chance, so that no two are the same. */
export function newEpoch(): string {
  const chance = Math.floor(Math.random() * 36 ** 5)
  return Date.now().toString(36) + chance.toString(36).padStart(5, '0')
}
