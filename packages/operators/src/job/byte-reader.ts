import type { StateReader } from '../stage/operator-state.ts'
import { MAX_NAMES, TAG, VIEWS } from './state-format.ts'

/** Reads the values that a {@link ByteWriter} has written. Throws a `RangeError` for anything else. */
export class ByteReader implements StateReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at = 0
  readonly #names: string[] = []

  constructor(chunks: readonly Uint8Array[]) {
    this.#bytes = concatenate(chunks)
    this.#view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.byteLength)
  }

  /** The number of bytes that are left. */
  get left(): number {
    return this.#bytes.length - this.#at
  }

  /** The next bytes. Not a copy. */
  take(length: number): Uint8Array {
    if (!(length <= this.left)) throw new RangeError('a snapshot ends too early')
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  number(): number {
    const tag = this.#view.getUint8(this.#at++)
    return tag < 0x80 ? tag : this.#number(tag)
  }

  value<T>(): T {
    const tag = this.#view.getUint8(this.#at++)
    return (tag < 0x80 ? tag : this.#value(tag)) as T
  }

  #number(tag: number): number {
    switch (tag) {
      case TAG.positive:
        return this.#whole()
      case TAG.negative:
        return -1 - this.#whole()
      case TAG.float:
        this.#at += 8
        return this.#view.getFloat64(this.#at - 8, true)
      default:
        throw new RangeError(`a snapshot has 0x${tag.toString(16)} where a number should be`)
    }
  }

  #value(tag: number): unknown {
    switch (tag) {
      case TAG.undefined:
        return undefined
      case TAG.null:
        return null
      case TAG.false:
        return false
      case TAG.true:
        return true
      case TAG.ascii:
      case TAG.utf16:
        return this.#string(tag)
      case TAG.bigint:
        return BigInt(this.value<string>())
      case TAG.date:
        return new Date(this.number())
      case TAG.array:
        return this.#list()
      case TAG.object:
        return this.#properties()
      case TAG.map:
        return this.#map()
      case TAG.set:
        return new Set(this.#list())
      case TAG.bytes:
        return this.#readView()
      default:
        return this.#number(tag)
    }
  }

  #list(): unknown[] {
    const list: unknown[] = []
    for (let left = this.number(); left > 0; left--) list.push(this.value())
    return list
  }

  #map(): Map<unknown, unknown> {
    const map = new Map<unknown, unknown>()
    for (let left = this.number(); left > 0; left -= 2) {
      const key = this.value()
      map.set(key, this.value())
    }
    return map
  }

  #properties(): object {
    const properties: Record<string, unknown> = {}
    for (let left = this.number(); left > 0; left--) {
      const name = this.#name()
      const value = this.value()
      // An assignment would set the prototype.
      if (name === '__proto__') {
        Object.defineProperty(properties, name, {
          value,
          writable: true,
          enumerable: true,
          configurable: true,
        })
      } else properties[name] = value
    }
    return properties
  }

  #name(): string {
    const name = this.value<string | number>()
    if (typeof name === 'string') {
      if (this.#names.length < MAX_NAMES) this.#names.push(name)
      return name
    }
    const known = this.#names[name]
    if (known === undefined) throw new RangeError('a snapshot refers to an unknown name')
    return known
  }

  #readView(): unknown {
    const number = this.number()
    // A copy, because a view must start at a multiple of its elements' size.
    const { buffer } = this.take(this.number()).slice()
    if (number === VIEWS.length) return buffer
    const View = VIEWS[number]
    if (View === undefined) throw new RangeError('a snapshot has an unknown view of bytes')
    return new View(buffer as ArrayBuffer)
  }

  #string(tag: number): string {
    const length = this.number()
    const isAscii = tag === TAG.ascii
    const bytes = this.take(isAscii ? length : 2 * length)
    if (isAscii && length <= SHORT) return joinBytes(bytes)
    const units = isAscii ? bytes : readUnits(bytes)
    if (length <= PIECE) return String.fromCharCode.apply(null, units as never)
    const pieces: string[] = []
    for (let at = 0; at < length; at += PIECE) {
      pieces.push(String.fromCharCode.apply(null, units.subarray(at, at + PIECE) as never))
    }
    return pieces.join('')
  }

  #whole(): number {
    let value = 0
    for (let unit = 1; ; unit *= 0x80) {
      const byte = this.#view.getUint8(this.#at++)
      value += (byte & 0x7f) * unit
      if (byte < 0x80) return value
    }
  }
}

/** A string of more is made from pieces, because a call takes a limited number of arguments. */
const PIECE = 4096

/** Up to here V8 copies characters when it joins strings. Longer ones would stay a tree with a node for each character. */
const SHORT = 12

function joinBytes(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i++) text += String.fromCharCode(bytes[i] as number)
  return text
}

/** Two bytes each, little-endian, which the platform's own arrays may not be. */
function readUnits(bytes: Uint8Array): Uint16Array {
  const units = new Uint16Array(bytes.length / 2)
  for (let i = 0; i < units.length; i++) {
    units[i] = (bytes[2 * i] as number) | ((bytes[2 * i + 1] as number) << 8)
  }
  return units
}

function concatenate(chunks: readonly Uint8Array[]): Uint8Array {
  const [first] = chunks
  if (first !== undefined && chunks.length === 1) return first
  const all = new Uint8Array(chunks.reduce((length, chunk) => length + chunk.length, 0))
  let at = 0
  for (const chunk of chunks) {
    all.set(chunk, at)
    at += chunk.length
  }
  return all
}
