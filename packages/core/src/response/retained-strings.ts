/** Copies those strings of a stream that would keep much more memory than their own. */
export interface RetainedStrings {
  keep(text: string): string
  keepType(type: string): string
  /** Takes the mean size of the last events, in bytes. */
  measure(size: number): void
}

/**
 * V8 makes a substring a view that keeps the text of its whole chunk alive, so an ID of 36 bytes may keep 64 KiB. A copy takes
 * as long as the parser needs for a small event. So strings are copied if they are a small part of their events.
 *
 * These functions share variables instead of fields of a class, because they are on the hot path.
 */
export function createRetainedStrings(): RetainedStrings {
  const types = new Map<string, string>()
  /** Strings of fewer characters are copied. */
  let copyBelow = 100

  return {
    keep: (text) => (text.length < copyBelow && text.length >= SHORTEST_VIEW ? copy(text) : text),
    keepType(type) {
      const known = types.get(type)
      if (known !== undefined) return known
      const copied = type.length < SHORTEST_VIEW ? type : copy(type)
      if (types.size === MAX_TYPES) types.clear()
      types.set(copied, copied)
      return copied
    },
    measure(size) {
      copyBelow = Math.trunc(size / SMALL_PART)
    },
  }
}

/** V8 copies shorter substrings itself. */
const SHORTEST_VIEW = 13
const SMALL_PART = 8
const MAX_TYPES = 100

/** `join` makes a string of its own, also of a text of several lines. Concatenation makes one that refers to its parts. */
function copy(text: string): string {
  return [text.slice(0, 1), text.slice(1)].join('')
}
