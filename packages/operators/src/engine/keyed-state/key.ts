import { describeValue } from '@rxsse/shared'

export type Primitive = string | number | bigint | boolean | null | undefined

/** A key of events: a primitive, or a tuple of primitives. Keys are compared by value. */
// `readonly []` adds no key. It makes TypeScript infer `[a, b]` as a tuple, not as an array, for `K extends Key`.
export type Key = Primitive | readonly [] | readonly Primitive[]

/**
 * Turns a key into a primitive for a `Map`: two keys have equal primitives exactly if they are equal by value.
 * `1` and `'1'` differ, also in tuples. Throws a `TypeError` for an object, which a `Map` would compare by identity.
 */
export function identifyKey(key: Key): Primitive {
  // Most fast streams have numbers as keys, and V8 inlines a function this small.
  return typeof key === 'number' ? key : identifyOtherKey(key)
}

/** Whether a key is null or undefined, or has such a part: SQL's NULL, which equals nothing. */
export function isMissing(key: Key): boolean {
  if (!Array.isArray(key)) return key === null || key === undefined
  for (let i = 0; i < key.length; i++) if (key[i] === null || key[i] === undefined) return true
  return false
}

function identifyOtherKey(key: Exclude<Key, number>): Primitive {
  switch (typeof key) {
    case 'string':
      // A string that starts like an encoded tuple gets a mark, so that it never equals one.
      return key.charCodeAt(0) === 0 ? `\0${key}` : key
    case 'object':
      if (key === null) return key
      if (Array.isArray(key)) return encodeTuple(key)
      throw createKeyError(key)
    case 'bigint':
    case 'boolean':
    case 'undefined':
      return key
    default:
      throw createKeyError(key)
  }
}

/** A key as text, for ids that others keep. Two keys have equal texts exactly if they are equal by value. */
export function writeKey(key: Key): string {
  if (Array.isArray(key)) return `[${key.map(writePrimitive).join()}]`
  return writePrimitive(key as Primitive)
}

function writePrimitive(part: Primitive): string {
  if (typeof part === 'string') return JSON.stringify(part)
  return typeof part === 'bigint' ? `${part}n` : String(part)
}

const TYPE_TAGS: Readonly<Record<string, string>> = {
  string: 's',
  number: 'n',
  bigint: 'i',
  boolean: 'b',
  undefined: 'u',
}

/** NUL, the number of parts, then type, length and text of each part. Two different tuples never have the same text. */
function encodeTuple(parts: readonly unknown[]): string {
  let text = `\0${parts.length}`
  for (const part of parts) {
    const tag = part === null ? '0' : TYPE_TAGS[typeof part]
    if (tag === undefined) throw createKeyError(part)
    const content = String(part)
    text += `${tag}${content.length}:${content}`
  }
  return text
}

function createKeyError(key: unknown): TypeError {
  return new TypeError(`a key must be a primitive or an array of primitives, not ${describeValue(key)}`)
}
