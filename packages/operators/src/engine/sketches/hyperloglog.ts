import type { Primitive } from '../keyed-state/key.ts'
import { hash53 } from './hash.ts'

/**
 * How many different values there were, within a standard error of 1.04 / sqrt(2 ** precision), in 2 ** precision bytes
 * at most. Few values are counted exactly, by their hashes: most sketches of small panes never get beyond that.
 * Merging is exact: the sketch of a union is the union of the sketches.
 */
export class HyperLogLog {
  readonly precision: number
  readonly #maxHashes: number
  #hashes: Set<number> | undefined = new Set()
  #registers: Uint8Array = NONE

  constructor(precision: number) {
    if (!(Number.isInteger(precision) && precision >= 4 && precision <= 18)) {
      throw new RangeError(
        `approxCountDistinct: precision must be a whole number from 4 to 18, not ${String(precision)}`,
      )
    }
    this.precision = precision
    // A Set's entry takes some thirty bytes where a register takes one.
    this.#maxHashes = Math.max(32, 2 ** precision / 32)
  }

  add(id: Primitive): void {
    this.#addHash(hash53(id))
  }

  merge(from: HyperLogLog): void {
    if (from.#hashes !== undefined) {
      for (const hash of from.#hashes) this.#addHash(hash)
      return
    }
    this.#giveUpHashes()
    const ours = this.#registers
    const theirs = from.#registers
    for (let i = 0; i < theirs.length; i++) {
      const rank = theirs[i] as number
      if (rank > (ours[i] as number)) ours[i] = rank
    }
  }

  estimate(): number {
    return this.#hashes?.size ?? estimateOf(this.#registers, this.precision)
  }

  /** The registers, for a test that compares two sketches. */
  registers(): Uint8Array {
    const registers = this.#registers === NONE ? new Uint8Array(2 ** this.precision) : this.#registers.slice()
    for (const hash of this.#hashes ?? []) raise(registers, hash, this.precision)
    return registers
  }

  #addHash(hash: number): void {
    if (this.#hashes === undefined) {
      raise(this.#registers, hash, this.precision)
      return
    }
    this.#hashes.add(hash)
    if (this.#hashes.size > this.#maxHashes) this.#giveUpHashes()
  }

  #giveUpHashes(): void {
    if (this.#hashes === undefined) return
    this.#registers = this.registers()
    this.#hashes = undefined
  }
}

const NONE = new Uint8Array()
const HASH_BITS = 53

function raise(registers: Uint8Array, hash: number, precision: number): void {
  const high = Math.floor(hash / 2 ** 21)
  const low = hash % 2 ** 21
  const index = high >>> (32 - precision)
  // The position of the first 1 among the bits that the index leaves over.
  const rest = (high << precision) >>> 0
  const rank = rest === 0 ? 32 - precision + Math.clz32(low) - 10 : Math.clz32(rest) + 1
  if (rank > (registers[index] as number)) registers[index] = rank
}

/**
 * Ertl's estimator (arXiv:1702.01284): no bias to correct, and no other formula for small numbers. His `tau`, which is
 * for registers that can rise no further, is left out: of 53 bits of hash it takes some 2 ** 50 values to fill them.
 */
function estimateOf(registers: Uint8Array, precision: number): number {
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
