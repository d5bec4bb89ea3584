/** Bytes as one chunk of the chunked transfer coding. */
export function asChunk(bytes: Buffer): Buffer {
  // A chunk of no bytes would be the last one.
  if (bytes.length === 0) return bytes
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')])
}

/** What ends a chunked body. */
export const lastChunk: Buffer = Buffer.from('0\r\n\r\n')
