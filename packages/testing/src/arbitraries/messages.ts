import fc from 'fast-check'
import type { WireMessage } from '../reference/encode.ts'

/** Messages that can be encoded: any data, any combination of fields, and strings that are hard for parsers and encoders. */
export function sseMessage(): fc.Arbitrary<WireMessage> {
  return fc.record(
    {
      type: oneLine().filter((type) => type !== ''),
      data: fc.oneof(text(), json()),
      id: oneLine(),
      retry: fc.oneof(fc.nat(60_000), fc.maxSafeNat()),
    },
    { requiredKeys: ['data'] },
  )
}

/** Text with line breaks of every kind, leading and trailing spaces, colons, astral characters and U+FEFF. */
function text(): fc.Arbitrary<string> {
  const piece = fc.oneof(
    { weight: 3, arbitrary: fc.string() },
    { weight: 2, arbitrary: fc.constantFrom('\n', '\r', '\r\n', '\n\n') },
    {
      weight: 1,
      arbitrary: fc.constantFrom(' ', ':', 'data:', ': ', '\0', '\ufeff', '\u2028', '\x85', '😀', '\t'),
    },
    { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
  )
  return fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''))
}

function json(): fc.Arbitrary<string> {
  return fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.stringify(value))
}

/** Text of one field: without CR, LF and NUL. */
function oneLine(): fc.Arbitrary<string> {
  return text().map((value) => value.replaceAll(/[\0\r\n]/g, ''))
}
