import { hash53 } from './hash.ts'
import type { Primitive } from './key.ts'

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
    for (let i = 0; i < theirs.length; i++) if ((theirs[i] ?? 0) > (ours[i] ?? 0)) ours[i] = theirs[i] ?? 0
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
  if (rank > (registers[index] ?? 0)) registers[index] = rank
}

/** Ertl's estimator (arXiv:1702.01284): no bias to correct, and no other formula for small numbers. */
function estimateOf(registers: Uint8Array, precision: number): number {
  const m = 2 ** precision
  const q = HASH_BITS - precision
  const counts = new Array<number>(q + 2).fill(0)
  for (const rank of registers) counts[rank] = (counts[rank] ?? 0) + 1
  let z = m * tau(1 - (counts[q + 1] ?? 0) / m)
  for (let k = q; k >= 1; k--) z = 0.5 * (z + (counts[k] ?? 0))
  z += m * sigma((counts[0] ?? 0) / m)
  return (m * m) / (2 * Math.LN2 * z)
}

function sigma(start: number): number {
  if (start === 1) return Number.POSITIVE_INFINITY
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

function tau(start: number): number {
  if (start === 0 || start === 1) return 0
  let x = start
  let y = 1
  let z = 1 - x
  for (let before = Number.NaN; z !== before; ) {
    x = Math.sqrt(x)
    before = z
    y *= 0.5
    z -= (1 - x) ** 2 * y
  }
  return z / 3
}
