/** The checksum and the length of the first bytes of a stream. */
export interface CrcPrefix {
  readonly crc: number
  readonly length: number
}

/**
 * The CRC-32 (RFC 1952, section 8) of the bytes of `whole` that follow `prefix`, without those
 * bytes. So each reader of a shared stream has a checksum of its part.
 */
export function crc32AfterPrefix(whole: CrcPrefix, prefix: CrcPrefix): number {
  return (whole.crc ^ appendZeros(prefix.crc, whole.length - prefix.length)) >>> 0
}

/** The CRC-32 of two byte sequences in a row. */
export function joinCrc32(first: number, second: number, secondLength: number): number {
  return (appendZeros(first, secondLength) ^ second) >>> 0
}

/** The checksum after `length` zero bytes: times x^(8 * length), modulo the polynomial. */
function appendZeros(crc: number, length: number): number {
  let result = crc
  let power = 3
  for (let rest = length; rest > 0; rest = Math.floor(rest / 2), power++) {
    if (rest % 2 === 1) result = multiply(powerOfX(power), result)
  }
  return result
}

/** x^(2^n). The highest bit of a polynomial is its lowest power. */
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
