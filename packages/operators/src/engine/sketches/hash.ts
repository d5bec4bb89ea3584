import type { Primitive } from '../keyed-state/key.ts'

/**
 * A hash of 53 bits, which a number holds exactly. It must stay as it is: saved sketches contain it, and it decides which shard
 * of a job a key belongs to.
 */
export function hash53(id: Primitive): number {
  switch (typeof id) {
    case 'string':
      return hashText(id, 1)
    case 'number':
      // 0 and -0 are one key, so they are one value.
      FLOAT[0] = id + 0
      return join(
        finish(block(block(SEED_HIGH, WORDS[0] as number), WORDS[1] as number), 8),
        finish(block(block(SEED_LOW, WORDS[0] as number), WORDS[1] as number), 8),
      )
    default:
      return hashText(String(id), 2)
  }
}

const SEED_HIGH = 0x9747b28c
const SEED_LOW = 0x3c6ef372
const FLOAT = new Float64Array(1)
const WORDS = new Uint32Array(FLOAT.buffer)

/** MurmurHash3 (x86, 32 bits), once for each half. A block is one UTF-16 unit. `kind` makes '1' and 1n differ. */
function hashText(text: string, kind: number): number {
  let high = SEED_HIGH ^ kind
  let low = SEED_LOW ^ kind
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    high = block(high, unit)
    low = block(low, unit)
  }
  return join(finish(high, text.length), finish(low, text.length))
}

function join(high: number, low: number): number {
  return high * 2 ** 21 + (low >>> 11)
}

function block(hash: number, word: number): number {
  const k = Math.imul(rotate(Math.imul(word, 0xcc9e2d51), 15), 0x1b873593)
  return Math.imul(rotate(hash ^ k, 13), 5) + 0xe6546b64
}

function finish(hash: number, length: number): number {
  let h = hash ^ length
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits))
}
