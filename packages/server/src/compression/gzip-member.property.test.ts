import { crc32, gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EncodedEvent, EventFrame } from '../wire/frame.ts'
import { crc32AfterPrefix, joinCrc32 } from './crc32.ts'
import { GzipMember } from './gzip-member.ts'
import { SharedDeflate } from './shared-deflate.ts'

const bytes = fc.uint8Array({ maxLength: 300, size: 'max' })

describe('CRC-32 of parts', () => {
  it('can be joined, and a prefix can be removed', () => {
    fc.assert(
      fc.property(bytes, bytes, (one, other) => {
        const whole = crc32(Buffer.concat([one, other]))
        expect(joinCrc32(crc32(one), crc32(other), other.length)).toBe(whole)
        const prefix = { crc: crc32(one), length: one.length }
        expect(crc32AfterPrefix({ crc: whole, length: one.length + other.length }, prefix)).toBe(crc32(other))
      }),
    )
  })

  it('works for lengths beyond 32 bits', () => {
    const zeros = joinCrc32(crc32('x'), 0, 2 ** 33)
    expect(joinCrc32(joinCrc32(crc32('x'), 0, 2 ** 32), 0, 2 ** 32)).toBe(zeros)
  })
})

type Step =
  | { readonly shared: string; readonly wait: number }
  | { readonly own: string; readonly reader: number }
  | { readonly detach: number }

const text = fc
  .array(fc.constantFrom('price', 'volume', '{"n":', 'é', '😀', 'x'.repeat(70_000), '\n'), {
    minLength: 1,
    maxLength: 6,
  })
  .map((p) => p.join(''))
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ shared: text, wait: fc.constantFrom(0, 400, 1_000) }) },
  fc.record({ own: text, reader: fc.nat({ max: 3 }) }),
  fc.record({ detach: fc.nat({ max: 3 }) }),
)

describe('readers of a shared stream', () => {
  it('each receive a gzip member of exactly their frames, in step with the stream or not', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30, size: 'max' }), (steps) => {
        const shared = new SharedDeflate()
        const readers = Array.from({ length: 4 }, () => ({
          member: new GzipMember(shared),
          plain: [] as Uint8Array[],
          sent: [] as Uint8Array[],
        }))
        let now = 0
        for (const each of steps) {
          if ('shared' in each) {
            now += each.wait
            const frame = new EventFrame([new EncodedEvent(each.shared)])
            const { compressed, syncPoint } = shared.compress(frame, now)
            for (const { member, plain, sent } of readers) {
              plain.push(frame.bytes)
              sent.push(member.inStep ? compressed.bytes : member.encode(frame).bytes)
              if (syncPoint) member.reachedSyncPoint(true)
            }
          } else if ('own' in each) {
            const frame = new EventFrame([new EncodedEvent(each.own)])
            const reader = readers[each.reader]
            reader?.plain.push(frame.bytes)
            reader?.sent.push(reader.member.encode(frame).bytes)
          } else readers[each.detach]?.member.detach()
        }
        for (const { member, plain, sent } of readers) {
          sent.push(member.trailer().bytes)
          // gunzip verifies the checksum and the length in the trailer.
          expect(gunzipSync(Buffer.concat(sent)).equals(Buffer.concat(plain))).toBe(true)
        }
      }),
      { numRuns: 200 },
    )
  })
})
