import {
  chunking,
  eventStream,
  referenceEncode,
  referenceEvents,
  referenceParse,
  sseMessage,
} from '@rxsse/testing'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { decode } from '../../test/decode.ts'

/** Which chunks come in one turn of the event loop. */
const turns = fc.func(fc.boolean()) as fc.Arbitrary<(index: number) => boolean>

const inChunks = (bytes: Uint8Array) => fc.tuple(fc.constant(bytes), chunking(bytes), turns)

it('any stream, well formed or not, reads as the reference reads it, however it is cut', () => {
  fc.assert(
    fc.property(eventStream().chain(inChunks), ([bytes, chunks, endsTurn]) => {
      expect(decode(chunks, { endsTurn })).toEqual(referenceParse(bytes))
    }),
    { numRuns: 3000 },
  )
})

it('any messages, encoded and cut anywhere, come out equal', () => {
  const encoded = fc.array(sseMessage()).chain((messages) => {
    const bytes = new Uint8Array(Buffer.from(messages.map(referenceEncode).join('')))
    return fc.tuple(fc.constant(messages), chunking(bytes), turns)
  })
  fc.assert(
    fc.property(encoded, ([messages, chunks, endsTurn]) => {
      expect(decode(chunks, { endsTurn })).toEqual(referenceEvents(messages))
    }),
    { numRuns: 1000 },
  )
})

it('only the types asked for come out, and the cursor is that of all events', () => {
  const types = new Set(['message', 'a'])
  const typed = fc.record(
    { type: fc.constantFrom('a', 'b', ''), data: fc.string(), id: fc.constantFrom('1', '2') },
    { requiredKeys: ['data'] },
  )
  const encoded = fc.array(typed).chain((messages) => {
    const wire = messages.map((message) => {
      const { type, ...rest } = message
      return referenceEncode(type ? { ...rest, type } : rest)
    })
    return inChunks(new Uint8Array(Buffer.from(wire.join(''))))
  })
  fc.assert(
    fc.property(encoded, ([bytes, chunks, endsTurn]) => {
      const all = referenceParse(bytes)
      expect(decode(chunks, { types, endsTurn })).toEqual({
        ...all,
        events: all.events.filter(({ type }) => types.has(type)),
      })
    }),
  )
})

it('the size limit is one of bytes on the wire, the same however they arrive', () => {
  const blocks = fc.array(
    fc.tuple(fc.nat(30), fc.nat(30)).map(([a, b]) => `data: ${'é'.repeat(a)}\ndata: ${'é'.repeat(b)}\n\n`),
    { maxLength: 12, size: 'max' },
  )
  const limited = fc
    .tuple(blocks, fc.integer({ min: 8, max: 130 }))
    .chain(([list, limit]) =>
      fc.tuple(
        fc.constant(list),
        fc.constant(limit),
        chunking(new Uint8Array(Buffer.from(list.join('')))),
        turns,
      ),
    )
  fc.assert(
    fc.property(limited, ([list, limit, chunks, endsTurn]) => {
      const first = list.findIndex((block) => Buffer.byteLength(block) > limit)
      const fine = first === -1 ? list : list.slice(0, first)
      const { events, oversize } = decode(chunks, { maxEventSize: limit, endsTurn })
      expect(events.map(({ data }) => data)).toEqual(
        fine.map((block) => block.slice(6, -2).replace('\ndata: ', '\n')),
      )
      expect(oversize ?? false).toBe(first !== -1)
    }),
    { numRuns: 1000 },
  )
})
