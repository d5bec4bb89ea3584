/** The first byte of a value. A byte below 0x80 is a whole number itself. */
export const TAG = {
  undefined: 0x80,
  null: 0x81,
  false: 0x82,
  true: 0x83,
  /** A whole number, as a varint (LEB128). */
  positive: 0x84,
  /** A whole number below 0, as the varint of what it is below -1. */
  negative: 0x85,
  /** Eight bytes, little-endian. */
  float: 0x86,
  /** The length, then one byte for each character. */
  ascii: 0x87,
  /** The length, then two bytes for each code unit: UTF-8 cannot write a lone surrogate. */
  utf16: 0x88,
  /** A string of digits. */
  bigint: 0x89,
  /** The number of milliseconds. */
  date: 0x8a,
  /** The length, then the values. */
  array: 0x8b,
  /** The number of properties, then each name and value. A name that came before is its number. */
  object: 0x8c,
  /** Twice the size, then each key and value. */
  map: 0x8d,
  set: 0x8e,
  /** The number of the view, the number of bytes, the bytes. */
  bytes: 0x8f,
} as const

/** The views of bytes. A plain `ArrayBuffer` has the number after the last one. */
export const VIEWS: readonly (new (buffer: ArrayBuffer) => ArrayBufferView)[] = [
  Uint8Array,
  Int8Array,
  Uint8ClampedArray,
  Uint16Array,
  Int16Array,
  Uint32Array,
  Int32Array,
  Float32Array,
  Float64Array,
  BigUint64Array,
  BigInt64Array,
  DataView,
]

/** How many names of properties get a number. */
export const MAX_NAMES = 4096

/** The number of a view or an `ArrayBuffer`. -1 for anything else. */
export function viewNumber(value: unknown): number {
  if (value instanceof ArrayBuffer) return VIEWS.length
  // Node's Buffer is an Uint8Array too.
  return ArrayBuffer.isView(value) ? VIEWS.findIndex((View) => value instanceof View) : -1
}

export function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false
  return true
}
