import { optionError } from '@rxsse/shared'
import type { Primitive } from '../keyed-state/key.ts'
import { hash53 } from './hash.ts'

/**
 * HyperLogLog: the number of different values, with a standard error of 1.04 / sqrt(2 ** precision), in at most
 * 2 ** precision bytes. A few values are counted exactly, as a set of hashes, which is enough for most small slices.
 * Merging is exact: the sketch of a union is the union of the sketches.
 */
export class HyperLogLog {
  readonly precision: number
  readonly #maxHashes: number
  #hashes: Set<number> | undefined
  #registers: Uint8Array

  /** `data`: what `toData` has told of another one with the same precision, which must not be used any more. */
  constructor(precision: number, data: Set<number> | Uint8Array = new Set()) {
    if (!(Number.isInteger(precision) && precision >= 4 && precision <= 18)) {
      throw optionError('approxCountDistinct: precision', 'a whole number from 4 to 18', precision)
    }
    this.precision = precision
    this.#hashes = data instanceof Set ? data : undefined
    this.#registers = data instanceof Set ? NO_REGISTERS : data
    // An entry of a Set takes about 30 bytes, a register one.
    this.#maxHashes = Math.max(32, 2 ** precision / 32)
  }

  add(id: Primitive): this {
    this.#addHash(hash53(id))
    return this
  }

  merge(from: HyperLogLog): this {
    if (from.#hashes !== undefined) {
      for (const hash of from.#hashes) this.#addHash(hash)
      return this
    }
    this.#convertToRegisters()
    const ours = this.#registers
    const theirs = from.#registers
    for (let i = 0; i < theirs.length; i++) {
      const rank = theirs[i] as number
      if (rank > (ours[i] as number)) ours[i] = rank
    }
    return this
  }

  estimate(): number {
    return this.#hashes?.size ?? estimateCardinality(this.#registers, this.precision)
  }

  /** The hashes while they are few, or the registers. Not a copy. */
  toData(): Set<number> | Uint8Array {
    return this.#hashes ?? this.#registers
  }

  /** A copy of the registers. Also for tests that compare two sketches. */
  registers(): Uint8Array {
    const registers =
      this.#registers === NO_REGISTERS ? new Uint8Array(2 ** this.precision) : this.#registers.slice()
    for (const hash of this.#hashes ?? []) raise(registers, hash, this.precision)
    return registers
  }

  #addHash(hash: number): void {
    if (this.#hashes === undefined) {
      raise(this.#registers, hash, this.precision)
      return
    }
    this.#hashes.add(hash)
    if (this.#hashes.size > this.#maxHashes) this.#convertToRegisters()
  }

  #convertToRegisters(): void {
    if (this.#hashes === undefined) return
    this.#registers = this.registers()
    this.#hashes = undefined
  }
}

const NO_REGISTERS = new Uint8Array()
const HASH_BITS = 53

function raise(registers: Uint8Array, hash: number, precision: number): void {
  const high = Math.floor(hash / 2 ** 21)
  const low = hash % 2 ** 21
  const index = high >>> (32 - precision)
  // The position of the first 1 among the bits after the index.
  const rest = (high << precision) >>> 0
  const rank = rest === 0 ? 32 - precision + Math.clz32(low) - 10 : Math.clz32(rest) + 1
  if (rank > (registers[index] as number)) registers[index] = rank
}

/**
 * Ertl's improved estimator (arXiv:1702.01284). It needs no bias correction or extra formula for small numbers. Its term
 * `tau` for full registers is left out: with 53 bits of hash it takes about 2 ** 50 values to fill them.
 */
function estimateCardinality(registers: Uint8Array, precision: number): number {
  const m = 2 ** precision
  const highest = HASH_BITS - precision + 1
  const counts = new Array<number>(highest + 1).fill(0)
  for (const rank of registers) counts[rank] = (counts[rank] as number) + 1
  let z = 0
  for (let rank = highest; rank >= 1; rank--) z = 0.5 * (z + (counts[rank] as number))
  z += m * sigma((counts[0] as number) / m)
  return (m * m) / (2 * Math.LN2 * z)
}

function sigma(start: number): number {
  let x = start
  let y = 1
  let z = x
  for (let before = Number.NaN; z !== before; ) {
    x *= x
    before = z
    z += x * y
    y += y
  }
  return z
}
