/** CRC-32 as in gzip (RFC 1952, 8). `value` is the checksum of the bytes before these. Browsers have none of their own. */
export function crc32(bytes: Uint8Array, value = 0): number {
  table ??= createTable()
  let crc = ~value
  for (let i = 0; i < bytes.length; i++) {
    crc = (table[(crc ^ (bytes[i] as number)) & 0xff] as number) ^ (crc >>> 8)
  }
  return ~crc >>> 0
}

let table: Uint32Array | undefined

function createTable(): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
    return crc
  })
}
