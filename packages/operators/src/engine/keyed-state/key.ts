import { shapeOf } from '../../shape.ts'

export type Primitive = string | number | bigint | boolean | null | undefined

/** What events are grouped by: a primitive, or a tuple of primitives. Compared by value. */
// `readonly []` adds no key; it has TypeScript infer `[a, b]` as a tuple rather than an array where `K extends Key`.
export type Key = Primitive | readonly [] | readonly Primitive[]

/**
 * A primitive that is equal (as a `Map` sees it) exactly where the keys are equal by value. `1` and `'1'` differ, also
 * inside tuples. Throws a `TypeError` for an object, which a `Map` would compare by identity.
 */
export function identityOf(key: Key): Primitive {
  // Numbers are what most keys are that come as fast as this matters, and a function this small is inlined.
  return typeof key === 'number' ? key : identityOfOther(key)
}

function identityOfOther(key: Exclude<Key, number>): Primitive {
  switch (typeof key) {
    case 'string':
      // A string that starts as an encoded tuple does is marked, so that neither can pass for the other.
      return key.charCodeAt(0) === 0 ? `\0${key}` : key
    case 'object':
      if (key === null) return key
      if (Array.isArray(key)) return encode(key)
      throw unfit(key)
    case 'bigint':
    case 'boolean':
    case 'undefined':
      return key
    default:
      throw unfit(key)
  }
}

const TYPE_TAG: Readonly<Record<string, string>> = {
  string: 's',
  number: 'n',
  bigint: 'i',
  boolean: 'b',
  undefined: 'u',
}

/** NUL, how many parts, and each part's type and length before its text: no two tuples are written alike. */
function encode(parts: readonly unknown[]): string {
  let text = `\0${parts.length}`
  for (const part of parts) {
    const tag = part === null ? '0' : TYPE_TAG[typeof part]
    if (tag === undefined) throw unfit(part)
    const written = String(part)
    text += `${tag}${written.length}:${written}`
  }
  return text
}

function unfit(key: unknown): TypeError {
  return new TypeError(`a key must be a primitive or an array of primitives, not ${shapeOf(key)}`)
}
