import { referenceEncode, referenceParse } from '@rxsse/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeMessage } from './encode.ts'
import { EncodedEvent, EventFrame } from './frame.ts'
import { toWireMessage } from './message.ts'

const line = fc.string({ unit: 'binary' }).filter((text) => !/[\r\n\0]/.test(text))
const data = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(fc.constantFrom('\n', '\r', '\r\n', ' ', ':', 'x', '\ufeff', 'é', '\ud83d\ude00', '\0'))
    .map((p) => p.join('')),
)
const message = fc.record({ data, type: line, id: line, retry: fc.nat() }, { requiredKeys: ['data'] })

describe('a frame', () => {
  it('is parsed as the messages that it was created from', () => {
    fc.assert(
      fc.property(fc.array(message), (messages) => {
        const events = messages.map((each) => new EncodedEvent(encodeMessage(toWireMessage(each))))
        const parsed = referenceParse(new EventFrame(events).bytes)
        const expected = referenceParse(Buffer.from(messages.map((each) => referenceEncode(each)).join('')))
        expect(parsed).toEqual(expected)
      }),
    )
  })

  it('is one HTTP chunk with the bytes of its events', () => {
    fc.assert(
      fc.property(fc.array(message, { minLength: 1 }), (messages) => {
        const frame = new EventFrame(
          messages.map((each) => new EncodedEvent(encodeMessage(toWireMessage(each)), true)),
        )
        const chunk = Buffer.from(frame.chunk)
        const head = chunk.indexOf('\r\n')
        expect(Number.parseInt(chunk.subarray(0, head).toString(), 16)).toBe(frame.bytes.length)
        expect(chunk.subarray(head + 2, -2).equals(frame.bytes)).toBe(true)
        expect(chunk.subarray(-2).toString()).toBe('\r\n')
        expect(frame.messages).toBe(messages.length)
      }),
    )
  })
})
