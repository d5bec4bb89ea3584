import type { LogEntry } from './event-log.ts'

/** Entries in the order of their offsets, and those whose offset does not fit. */
export interface OrderedEntries {
  readonly inOrder: LogEntry[]
  readonly outOfOrder: readonly LogEntry[]
}

/**
 * Leaves out as few entries as possible, so that the offsets of the rest grow and are after `after`
 * and at most `end`. One wrong offset, however large, does not cost the entries that follow it.
 */
export function orderEntries(entries: LogEntry[], after: number, end: number): OrderedEntries {
  let last = after
  const isSorted = entries.every(({ offset }) => {
    const fits = offset > last && offset <= end
    last = offset
    return fits
  })
  if (isSorted) return { inOrder: entries, outOfOrder: [] }
  const kept = findLongestGrowing(entries.filter(({ offset }) => offset > after && offset <= end))
  return {
    inOrder: entries.filter((entry) => kept.has(entry)),
    outOfOrder: entries.filter((entry) => !kept.has(entry)),
  }
}

/** The longest subsequence whose offsets grow (patience sorting). */
function findLongestGrowing(entries: readonly LogEntry[]): ReadonlySet<LogEntry> {
  // The entry with the smallest offset that ends a growing subsequence of each length.
  const ends: LogEntry[] = []
  const before = new Map<LogEntry, LogEntry | undefined>()
  for (const entry of entries) {
    const at = findPlace(ends, entry.offset)
    // Of two entries with one offset, the first is kept.
    if (ends[at]?.offset === entry.offset) continue
    before.set(entry, ends[at - 1])
    ends[at] = entry
  }
  const kept = new Set<LogEntry>()
  for (let entry = ends.at(-1); entry !== undefined; entry = before.get(entry)) kept.add(entry)
  return kept
}

/** The index of the first entry whose offset is not smaller. */
function findPlace(ends: readonly LogEntry[], offset: number): number {
  let low = 0
  let high = ends.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((ends[middle] as LogEntry).offset < offset) low = middle + 1
    else high = middle
  }
  return low
}
