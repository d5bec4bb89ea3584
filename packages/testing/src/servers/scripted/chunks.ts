/** Encodes bytes as one chunk of the chunked transfer coding. */
export function encodeChunk(bytes: Buffer): Buffer {
  // An empty chunk would end the body.
  if (bytes.length === 0) return bytes
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')])
}

/** The end of a chunked body. */
export const LAST_CHUNK: Buffer = Buffer.from('0\r\n\r\n')
