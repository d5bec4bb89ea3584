/**
 * HPACK (RFC 7541) as far as a server needs it that told its client to keep no dynamic table. Request fields are
 * decoded, Huffman codes included. Response fields are encoded as literals, which every client has to take.
 */

/** A field list, as sent: names in lower case, pseudo header fields first. */
export type Fields = readonly (readonly [name: string, value: string])[]

/** Encodes fields as literals without indexing and without Huffman codes (RFC 7541, 6.2.2). */
export function encodeFields(fields: Fields): Buffer {
  return Buffer.concat(
    fields.map(([name, value]) => Buffer.concat([Buffer.of(0), encodeString(name), encodeString(value)])),
  )
}

/** Decodes a whole field block (RFC 7541, 6). Values are latin-1, one character a byte. */
export function decodeFields(block: Buffer): Fields {
  const reader = createReader(block)
  const fields: (readonly [string, string])[] = []
  while (reader.more()) {
    const first = reader.peek()
    if ((first & 0x80) !== 0) fields.push(staticField(reader.integer(7)))
    // The size of the dynamic table, which stays at 0.
    else if ((first & 0xe0) === 0x20) reader.integer(5)
    else {
      const index = reader.integer((first & 0x40) === 0 ? 4 : 6)
      const name = index === 0 ? reader.string() : staticField(index)[0]
      fields.push([name, reader.string()])
    }
  }
  return fields
}

function createReader(block: Buffer) {
  let at = 0
  const byte = (): number => {
    const value = block[at++]
    if (value === undefined) throw new Error('HPACK: the field block ends within a field')
    return value
  }
  /** RFC 7541, 5.1. */
  const integer = (prefix: number): number => {
    const max = 2 ** prefix - 1
    let value = byte() & max
    if (value < max) return value
    for (let shift = 0; ; shift += 7) {
      const next = byte()
      value += (next & 0x7f) * 2 ** shift
      if ((next & 0x80) === 0) return value
    }
  }
  return {
    more: () => at < block.length,
    peek: () => block[at] ?? 0,
    integer,
    /** RFC 7541, 5.2. */
    string(): string {
      const isHuffman = ((block[at] ?? 0) & 0x80) !== 0
      const length = integer(7)
      const bytes = block.subarray(at, at + length)
      if (bytes.length < length) throw new Error('HPACK: the field block ends within a string')
      at += length
      return isHuffman ? decodeHuffman(bytes) : bytes.toString('latin1')
    },
  }
}

function encodeString(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1')
  if (bytes.length < 127) return Buffer.concat([Buffer.of(bytes.length), bytes])
  const length = [127]
  let rest = bytes.length - 127
  for (; rest >= 128; rest = Math.floor(rest / 128)) length.push(128 + (rest % 128))
  return Buffer.concat([Buffer.from([...length, rest]), bytes])
}

function staticField(index: number): readonly [name: string, value: string] {
  const [name, value = ''] = STATIC_TABLE[index - 1]?.split('=') ?? []
  if (name === undefined)
    throw new Error(`HPACK: field ${index} is in a dynamic table, which the server refused`)
  return [name, value]
}

/** RFC 7541, 5.2 and Appendix B. Padding is the start of the code for the end of the string, and is dropped. */
function decodeHuffman(bytes: Buffer): string {
  let text = ''
  let code = 0
  let length = 0
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit--) {
      code = code * 2 + ((byte >> bit) & 1)
      length++
      const symbol = SYMBOLS.get(code * 32 + length)
      if (symbol === undefined) continue
      text += String.fromCharCode(symbol)
      code = length = 0
    }
  }
  return text
}

/** The length in bits of each symbol's code, `a` for 5 bits to `z` for 30. The code is canonical, so lengths define it. */
const CODE_LENGTHS =
  'isxxxxxxxtzxxzxxxxxxxxzxxxxxxxxxbffhibdgffdgdbbbaaabbbbbbbcdkbhf' +
  'ibccccccccccccccccccccccdcdioijbkabababbbaccbbbabcbaabccccckgjix' +
  'prpprrrsrssssststtrstssssqrsrsstrqprrssqsrrtqrssqqrqsrssprrrsrrs' +
  'vvporsruvvvwwvtuoqvwwvwtqqvvxwwwptpqrqqsrruuttvsvwvvwwwwwxwwwwwv' +
  'z'

const SYMBOLS: ReadonlyMap<number, number> = createSymbols()

/** Symbols by `code * 32 + length`. */
function createSymbols(): Map<number, number> {
  const lengths = Array.from(CODE_LENGTHS, (letter) => letter.charCodeAt(0) - 92)
  const symbols = new Map<number, number>()
  let code = 0
  for (let length = 5; length <= 30; length++) {
    for (const [symbol, own] of lengths.entries()) {
      if (own === length) symbols.set(code++ * 32 + length, symbol)
    }
    code *= 2
  }
  return symbols
}

/** RFC 7541, Appendix A. */
const STATIC_TABLE = (
  ':authority,:method=GET,:method=POST,:path=/,:path=/index.html,:scheme=http,:scheme=https,:status=200,' +
  ':status=204,:status=206,:status=304,:status=400,:status=404,:status=500,accept-charset,' +
  'accept-encoding=gzip; deflate,accept-language,accept-ranges,accept,access-control-allow-origin,age,allow,' +
  'authorization,cache-control,content-disposition,content-encoding,content-language,content-length,' +
  'content-location,content-range,content-type,cookie,date,etag,expect,expires,from,host,if-match,' +
  'if-modified-since,if-none-match,if-range,if-unmodified-since,last-modified,link,location,max-forwards,' +
  'proxy-authenticate,proxy-authorization,range,referer,refresh,retry-after,server,set-cookie,' +
  'strict-transport-security,transfer-encoding,user-agent,vary,via,www-authenticate'
)
  .split(',')
  .map((field) => field.replace('; ', ', '))
