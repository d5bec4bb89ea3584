/** Copies those strings of a stream that would keep much more memory than their own. */
export interface RetainedStrings {
  /** Call it for each event, also for those that are not delivered. */
  count(): void
  keepType(type: string): string
  keepData(data: string): string
  keep(text: string): string
  /** Call it after `length` bytes have been parsed. */
  measure(length: number): void
}

/**
 * V8 makes a substring a view that keeps the text of its whole chunk alive, so an ID of 36 bytes may keep 64 KiB. A copy takes
 * as long as the parser needs for a small event. So strings are copied if they are small beside their events, and events large.
 *
 * These functions share variables instead of fields of a class, because they are on the hot path.
 */
export function createRetainedStrings(): RetainedStrings {
  const types = new Map<string, string>()
  let events = 0
  let meanSize = LARGE_EVENT
  /** Strings of fewer characters are copied. 0 while events are small. */
  let copyBelow = LARGE_EVENT

  const keep = (text: string): string =>
    text.length < copyBelow && text.length >= SHORTEST_VIEW ? copy(text) : text

  return {
    keep,
    count() {
      events += 1
    },
    keepData(data) {
      // To read a character flattens a text of several lines, which would keep every line and what joins them.
      return copyBelow > 0 && data.charCodeAt(0) >= 0 ? keep(data) : data
    },
    keepType(type) {
      if (copyBelow === 0) return type
      const known = types.get(type)
      if (known !== undefined) return known
      const copied = type.length < SHORTEST_VIEW ? type : copy(type)
      if (types.size === MAX_TYPES) types.clear()
      types.set(copied, copied)
      return copied
    },
    measure(length) {
      if (events === 0) return
      meanSize = (meanSize + length / events) / 2
      events = 0
      copyBelow = meanSize < LARGE_EVENT ? 0 : meanSize / SMALL_PART
    },
  }
}

/** V8 copies shorter substrings itself. */
const SHORTEST_VIEW = 13
/** Bytes, on average. */
const LARGE_EVENT = 768
const SMALL_PART = 8
const MAX_TYPES = 100

/** `join` makes a string of its own. Concatenation makes one that refers to its parts. */
function copy(text: string): string {
  return [text.slice(0, 1), text.slice(1)].join('')
}
