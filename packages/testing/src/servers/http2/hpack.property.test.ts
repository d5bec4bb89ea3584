import fc from 'fast-check'
import { expect, it } from 'vitest'
import { decodeFrame, encodeFrame, type Frame } from './frames.ts'
import { decodeFields, encodeFields } from './hpack.ts'

const text = fc
  .uint8Array({ maxLength: 400, size: 'max' })
  .map((bytes) => Buffer.from(bytes).toString('latin1'))

it('fields are decoded as they were encoded', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(text, text), { maxLength: 10 }), (fields) => {
      expect(decodeFields(encodeFields(fields))).toEqual(fields)
    }),
  )
})

// RFC 7541, C.4.1 and C.6.1: with Huffman codes, static names and static fields.
it.each([
  [
    '828684418cf1e3c2e5f23a6ba0ab90f4ff',
    [
      [':method', 'GET'],
      [':scheme', 'http'],
      [':path', '/'],
      [':authority', 'www.example.com'],
    ],
  ],
  [
    '488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3',
    [
      [':status', '302'],
      ['cache-control', 'private'],
      ['date', 'Mon, 21 Oct 2013 20:13:21 GMT'],
      ['location', 'https://www.example.com'],
    ],
  ],
])('the example %s of the RFC is decoded', (hex, fields) => {
  expect(decodeFields(Buffer.from(hex, 'hex'))).toEqual(fields)
})

it.each(['be', '41', '4105616263', '7f'])('the block %s, which cannot be decoded, is an error', (hex) => {
  expect(() => decodeFields(Buffer.from(hex, 'hex'))).toThrow(/^HPACK: /)
})

it('frames are decoded as they were encoded, and not before they are whole', () => {
  const frame: fc.Arbitrary<Frame> = fc.record({
    type: fc.nat(255),
    flags: fc.nat(255),
    stream: fc.nat(2 ** 31 - 1),
    payload: fc.uint8Array({ maxLength: 300, size: 'max' }).map((bytes) => Buffer.from(bytes)),
  })
  fc.assert(
    fc.property(frame, fc.nat(400), (original, cut) => {
      const bytes = encodeFrame(original)
      expect(decodeFrame(Buffer.concat([bytes, Buffer.from('more')]))).toEqual({
        frame: original,
        length: bytes.length,
      })
      if (cut < bytes.length) expect(decodeFrame(bytes.subarray(0, cut))).toBeUndefined()
    }),
  )
})
