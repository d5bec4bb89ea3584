import fc from 'fast-check'

/**
 * Bodies of `text/event-stream`, valid and invalid: known and unknown fields in every spelling, comments, mixed CR, LF
 * and CRLF, BOMs at the start and elsewhere, NUL in ids, ill-formed UTF-8, and unfinished blocks and lines.
 */
export function eventStream(): fc.Arbitrary<Uint8Array> {
  return fc
    .tuple(
      fc.constantFrom('', '', '', BOM, BOM + BOM, '\xef', '\xef\xbb'),
      fc.array(block(), { maxLength: 8, size: 'max' }),
      tail(),
    )
    .map(([start, blocks, end]) => new Uint8Array(Buffer.concat([latin1(start), ...blocks, end])))
}

const BOM = '\xef\xbb\xbf'
const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1')

/** A few lines and usually a blank line. */
function block(): fc.Arbitrary<Buffer> {
  const terminated = fc.tuple(line(), lineEnd()).map((parts) => Buffer.concat(parts))
  const blank = fc.oneof(
    { weight: 5, arbitrary: lineEnd() },
    { weight: 1, arbitrary: fc.constant(latin1('')) },
  )
  return fc
    .tuple(fc.array(terminated, { maxLength: 5 }), blank)
    .map(([lines, end]) => Buffer.concat([...lines, end]))
}

function line(): fc.Arbitrary<Buffer> {
  return fc.oneof(
    { weight: 1, arbitrary: fc.constant(latin1('')) },
    { weight: 4, arbitrary: field(fc.constant('data')) },
    { weight: 2, arbitrary: field(fc.constant('id')) },
    { weight: 2, arbitrary: field(fc.constant('event')) },
    {
      weight: 1,
      arbitrary: fc
        .oneof(fc.nat().map(String), fc.constantFrom('0', '007', '1x', '-1', ''))
        .map((ms) => latin1(`retry: ${ms}`)),
    },
    {
      weight: 1,
      arbitrary: field(
        fc.constantFrom('', 'Data', 'data ', ' data', 'dat', 'iD', 'retry', '\0', `${BOM}data`),
      ),
    },
    { weight: 1, arbitrary: lineContent() },
  )
}

function field(name: fc.Arbitrary<string>): fc.Arbitrary<Buffer> {
  return fc
    .tuple(name, fc.constantFrom(': ', ': ', ':', ':  ', ''), lineContent())
    .map(([key, colon, value]) => Buffer.concat([latin1(key + colon), colon === '' ? latin1('') : value]))
}

function lineContent(): fc.Arbitrary<Buffer> {
  return fc.oneof(
    fc.string({ maxLength: 12 }).map((text) => Buffer.from(withoutLineEnds(text))),
    fc.string({ unit: 'binary', maxLength: 6 }).map((text) => Buffer.from(withoutLineEnds(text))),
    fc
      .constantFrom('', ' ', '\0', 'a\0b', ':', BOM, '\xe2\x82', '\xf0\x9f\x98', '\xff', '\x80', '\xc0\xaf')
      .map(latin1),
  )
}

const withoutLineEnds = (text: string): string => text.replaceAll(/[\r\n]/g, '')

function lineEnd(): fc.Arbitrary<Buffer> {
  return fc.constantFrom('\n', '\n', '\r', '\r\n').map(latin1)
}

/** The bytes after the last line end. */
function tail(): fc.Arbitrary<Buffer> {
  return fc.oneof({ weight: 2, arbitrary: fc.constant(latin1('')) }, { weight: 1, arbitrary: line() })
}

/**
 * Cuts of `bytes` into chunks: one chunk, single bytes, or cuts at any places, also with empty chunks. Shrinks to fewer
 * cuts.
 */
export function chunking(bytes: Uint8Array): fc.Arbitrary<Uint8Array[]> {
  return fc.oneof(
    { weight: 1, arbitrary: fc.constant<Uint8Array[]>([bytes]) },
    { weight: 1, arbitrary: fc.constant(Array.from(bytes, (_, at) => bytes.subarray(at, at + 1))) },
    {
      weight: 4,
      arbitrary: fc.array(fc.nat(bytes.length), { maxLength: 24 }).map((cuts) =>
        cutAt(
          bytes,
          cuts.sort((a, b) => a - b),
        ),
      ),
    },
  )
}

function cutAt(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const ends = [...cuts, bytes.length]
  return ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end))
}
