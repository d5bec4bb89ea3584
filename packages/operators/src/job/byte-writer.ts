import { describeValue } from '@rxsse/shared'
import type { StateWriter } from '../stage/operator-state.ts'
import { isAscii, MAX_NAMES, TAG, viewNumber } from './state-format.ts'

/** Writes values into chunks of bytes. {@link ByteReader} reads them. */
export class ByteWriter implements StateWriter {
  #chunks: Uint8Array[] = []
  #bytes = new Uint8Array(FIRST_CHUNK)
  #view = new DataView(this.#bytes.buffer)
  #at = 0
  /** The number of bytes in `#chunks`. */
  #done = 0
  readonly #names = new Map<string, number>()
  #depth = 0

  /** The number of bytes written. */
  get length(): number {
    return this.#done + this.#at
  }

  /** The bytes. The writer must not be used after that. */
  finish(): readonly Uint8Array[] {
    return [...this.#chunks, this.#bytes.subarray(0, this.#at)]
  }

  number(value: number): void {
    this.#reserve(LONGEST_NUMBER)
    // Nearly all numbers take one or two bytes.
    if (value > 0 && value < 0x4000 && (value | 0) === value) {
      if (value >= 0x80) {
        this.#bytes[this.#at++] = TAG.positive
        this.#bytes[this.#at++] = (value & 0x7f) | 0x80
      }
      this.#bytes[this.#at++] = value < 0x80 ? value : value >>> 7
      return
    }
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
      if (value >= 0) {
        if (value < 0x80) this.#bytes[this.#at++] = value
        else if (value < LARGEST_VARINT) this.#whole(TAG.positive, value)
        else this.#float(value)
      } else if (value > -LARGEST_VARINT) this.#whole(TAG.negative, -1 - value)
      else this.#float(value)
    } else this.#float(value)
  }

  value(value: unknown): void {
    switch (typeof value) {
      case 'number':
        this.number(value)
        return
      case 'string':
        this.#string(value)
        return
      case 'undefined':
        this.#tag(TAG.undefined)
        return
      case 'boolean':
        this.#tag(value ? TAG.true : TAG.false)
        return
      case 'bigint':
        this.#tag(TAG.bigint)
        this.#string(String(value))
        return
      default:
        if (value === null) this.#tag(TAG.null)
        else this.#object(value)
    }
  }

  /** Bytes as they are, which the reader knows the number of. */
  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#at)
    this.#at += bytes.length
  }

  #object(value: unknown): void {
    if (++this.#depth > MAX_DEPTH) throw new TypeError('a state must not contain itself')
    const viewed = viewNumber(value)
    if (Array.isArray(value)) this.#list(TAG.array, value)
    else if (viewed !== -1) this.#viewOf(viewed, value as ArrayBuffer | ArrayBufferView)
    else if (value instanceof Map) this.#list(TAG.map, [...value].flat(1))
    else if (value instanceof Set) this.#list(TAG.set, [...value])
    else if (value instanceof Date) {
      this.#tag(TAG.date)
      this.number(value.getTime())
    } else if (isPlain(value)) this.#properties(value)
    else {
      throw new TypeError(
        `a state must be data that structuredClone copies without loss, not ${describeValue(value)}`,
      )
    }
    this.#depth--
  }

  #list(tag: number, values: readonly unknown[]): void {
    this.#tag(tag)
    this.number(values.length)
    for (let i = 0; i < values.length; i++) this.value(values[i])
  }

  #properties(value: object): void {
    const names = Object.keys(value)
    this.#tag(TAG.object)
    this.number(names.length)
    for (const name of names) {
      const known = this.#names.get(name)
      if (known !== undefined) this.number(known)
      else {
        if (this.#names.size < MAX_NAMES) this.#names.set(name, this.#names.size)
        this.#string(name)
      }
      this.value(Reflect.get(value, name))
    }
  }

  #viewOf(number: number, value: ArrayBuffer | ArrayBufferView): void {
    const bytes =
      value instanceof ArrayBuffer
        ? new Uint8Array(value)
        : new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
    this.#tag(TAG.bytes)
    this.number(number)
    this.number(bytes.length)
    this.raw(bytes)
  }

  #string(value: string): void {
    const { length } = value
    const ascii = isAscii(value)
    this.#tag(ascii ? TAG.ascii : TAG.utf16)
    this.number(length)
    this.#reserve(2 * length)
    const bytes = this.#bytes
    let at = this.#at
    for (let i = 0; i < length; i++) {
      const unit = value.charCodeAt(i)
      bytes[at++] = unit
      if (!ascii) bytes[at++] = unit >>> 8
    }
    this.#at = at
  }

  #tag(tag: number): void {
    this.#reserve(1)
    this.#bytes[this.#at++] = tag
  }

  #whole(tag: number, value: number): void {
    this.#bytes[this.#at++] = tag
    let rest = value
    // Bitwise operators see 32 bits only.
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.#bytes[this.#at++] = (rest % 0x80) | 0x80
    this.#bytes[this.#at++] = rest
  }

  #float(value: number): void {
    this.#bytes[this.#at] = TAG.float
    this.#view.setFloat64(this.#at + 1, value, true)
    this.#at += 9
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes > this.#bytes.length) this.#nextChunk(bytes)
  }

  #nextChunk(bytes: number): void {
    this.#chunks.push(this.#bytes.subarray(0, this.#at))
    this.#done += this.#at
    this.#bytes = new Uint8Array(Math.max(CHUNK, bytes))
    this.#view = new DataView(this.#bytes.buffer)
    this.#at = 0
  }
}

const FIRST_CHUNK = 1024
const CHUNK = 65_536
const LONGEST_NUMBER = 9
/** A larger number takes no fewer bytes as a varint than as a float. */
const LARGEST_VARINT = 2 ** 49
/** Deeper than any state that is not cyclic. */
const MAX_DEPTH = 1000

/** Objects of another realm count too. */
function isPlain(value: unknown): value is object {
  if (Object.prototype.toString.call(value) !== '[object Object]') return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}
