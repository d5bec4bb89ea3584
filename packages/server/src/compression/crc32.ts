/**
 * CRC-32 as gzip has it (RFC 1952, 8), with the arithmetic to know it of a part: the checksum of what one reader
 * of a shared stream has got follows from two checksums of the whole, without its bytes.
 */
export function crc32Of(after: { readonly crc: number; readonly length: number }, from: CrcPrefix): number {
  return (after.crc ^ shift(from.crc, after.length - from.length)) >>> 0
}

/** A permit in a stream: how long it is up to there, and the checksum of that. */
export interface CrcPrefix {
  readonly crc: number
  readonly length: number
}

/** The checksum of one prefix followed by another. */
export function joinCrc32(first: number, second: number, secondLength: number): number {
  return (shift(first, secondLength) ^ second) >>> 0
}

/** What a checksum becomes when so many zero bytes follow: times x^(8 * length), modulo the polynomial. */
function shift(crc: number, length: number): number {
  let result = crc
  let power = 3
  for (let rest = length; rest > 0; rest = Math.floor(rest / 2), power++) {
    if (rest % 2 === 1) result = multiply(powerOfX(power), result)
  }
  return result
}

/** x^(2^n); a polynomial has its lowest power in its highest bit. */
function powerOfX(n: number): number {
  for (let known = POWERS.length; known <= n; known++) {
    const last = POWERS[known - 1] as number
    POWERS.push(multiply(last, last))
  }
  return POWERS[n] as number
}

const POWERS = [1 << 30]
const POLYNOMIAL = 0xedb88320

function multiply(a: number, b: number): number {
  let product = 0
  let factor = b
  for (let bit = 31; bit >= 0; bit--) {
    if ((a >>> bit) & 1) product ^= factor
    factor = factor & 1 ? (factor >>> 1) ^ POLYNOMIAL : factor >>> 1
  }
  return product >>> 0
}
