import { eventStreamCases } from '@rxsse/testing'
import { describe, expect, it } from 'vitest'
import { decode } from '../test/decode.ts'

describe('every conformance case reads the same', () => {
  for (const { name, input_b64, expected } of eventStreamCases) {
    const bytes = Buffer.from(input_b64, 'base64')
    const wanted = { events: expected.events, retry: expected.retry, lastEventId: expected.final_lastEventId }

    it(`${name}: whole, byte by byte, and cut in two at every place`, () => {
      expect(decode([bytes])).toEqual(wanted)
      expect(decode(Array.from(bytes, (_, at) => bytes.subarray(at, at + 1)))).toEqual(wanted)
      // Long inputs repeat themselves: their ends are where the cuts matter.
      for (let cut = 1; cut < bytes.length; cut += cut > 300 && cut < bytes.length - 300 ? 97 : 1) {
        expect(decode([bytes.subarray(0, cut), bytes.subarray(cut)]), `cut at ${cut}`).toEqual(wanted)
      }
    })
  }
})
