import { hash64 } from './hash.ts'
import type { Primitive } from './key.ts'

/**
 * How many different values there were, within a standard error of 1.04 / sqrt(2 ** precision), in 2 ** precision bytes
 * at most. Merging is exact: the sketch of a union is the union of the sketches, register by register.
 */
export class HyperLogLog {
  readonly precision: number
  /** Registers by index while few are set; most sketches of small panes stay this way. */
  #few: Map<number, number> | undefined = new Map()
  #registers: Uint8Array | undefined

  constructor(precision: number) {
    if (!(Number.isInteger(precision) && precision >= 4 && precision <= 18)) {
      throw new RangeError(
        `approxCountDistinct: precision must be a whole number from 4 to 18, not ${String(precision)}`,
      )
    }
    this.precision = precision
  }

  add(id: Primitive): void {
    const { high, low } = hash64(id)
    const index = high >>> (32 - this.precision)
    // The position of the first 1 among the bits that the index leaves over.
    const rest = (high << this.precision) >>> 0
    const rank = rest === 0 ? 33 - this.precision + Math.clz32(low) : Math.clz32(rest) + 1
    this.#raise(index, rank)
  }

  merge(from: HyperLogLog): void {
    if (from.#few !== undefined) {
      for (const [index, rank] of from.#few) this.#raise(index, rank)
      return
    }
    const theirs = from.#registers ?? new Uint8Array()
    const ours = this.#dense()
    for (let i = 0; i < theirs.length; i++) if ((theirs[i] ?? 0) > (ours[i] ?? 0)) ours[i] = theirs[i] ?? 0
  }

  /** Ertl's estimator (arXiv:1702.01284): no bias to correct, and no other formula for small numbers. */
  estimate(): number {
    const m = 2 ** this.precision
    const q = 64 - this.precision
    const counts = new Array<number>(q + 2).fill(0)
    const ranks = this.#few?.values() ?? this.#registers?.values() ?? []
    let set = 0
    for (const rank of ranks) {
      counts[rank] = (counts[rank] ?? 0) + 1
      set++
    }
    counts[0] = (counts[0] ?? 0) + m - set
    let z = m * tau(1 - (counts[q + 1] ?? 0) / m)
    for (let k = q; k >= 1; k--) z = 0.5 * (z + (counts[k] ?? 0))
    z += m * sigma(counts[0] / m)
    return (m * m) / (2 * Math.LN2 * z)
  }

  /** The registers, for a test that compares two sketches. */
  registers(): Uint8Array {
    const all = new Uint8Array(2 ** this.precision)
    for (const [index, rank] of this.#few ?? this.#registers?.entries() ?? []) all[index] = rank
    return all
  }

  #raise(index: number, rank: number): void {
    if (this.#few === undefined) {
      const registers = this.#dense()
      if (rank > (registers[index] ?? 0)) registers[index] = rank
      return
    }
    if (rank > (this.#few.get(index) ?? 0)) this.#few.set(index, rank)
    // A Map's entry takes some thirty bytes where a register takes one.
    if (this.#few.size > 2 ** this.precision / 32) this.#dense()
  }

  #dense(): Uint8Array {
    if (this.#registers !== undefined) return this.#registers
    this.#registers = this.registers()
    this.#few = undefined
    return this.#registers
  }
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
