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

it('any stream, cut anywhere, gives what the reference parser gives', () => {
  fc.assert(
    fc.property(eventStream().chain(inChunks), ([bytes, chunks, endsTurn]) => {
      expect(decode(chunks, { endsTurn })).toEqual(referenceParse(bytes))
    }),
    { numRuns: 3000 },
  )
})

it('any messages, encoded and cut anywhere, are decoded to the same messages', () => {
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

it('only the requested types are delivered, and every event moves the last event ID', () => {
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

it('the limit counts bytes on the wire, in any pieces', () => {
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

it('an event over the limit delivers nothing and moves nothing, in any pieces, and neither does anything after it', () => {
  const line = fc.oneof(
    fc.nat(40).map((n) => `data: ${'é'.repeat(n)}`),
    fc.nat(20).map((n) => `id: ${n}`),
    fc.nat(99).map((n) => `event: ${n}`),
    fc.nat(40).map((n) => `junk${'x'.repeat(n)}`),
  )
  const blocks = fc.array(fc.array(line, { minLength: 1, maxLength: 5 }), { maxLength: 10 })
  const limited = fc
    .tuple(blocks, fc.constantFrom('\n', '\r', '\r\n'), fc.integer({ min: 5, max: 200 }), fc.boolean())
    .chain(([list, eol, limit, mark]) => {
      const wire = list.map((lines) => `${lines.join(eol)}${eol}${eol}`)
      const bytes = Buffer.from((mark ? '\ufeff' : '') + wire.join(''))
      return fc.tuple(fc.constant(wire), fc.constant(limit), chunking(new Uint8Array(bytes)), turns)
    })
  fc.assert(
    fc.property(limited, ([wire, limit, chunks, endsTurn]) => {
      // A block is complete with a carriage return: the line feed after it does not count.
      const first = wire.findIndex((block) => Buffer.byteLength(block.replace(/\r\n$/, '\r')) > limit)
      const accepted = first === -1 ? wire : wire.slice(0, first)
      const { oversize, ...decoded } = decode(chunks, { maxEventSize: limit, endsTurn })
      expect(decoded).toEqual(referenceParse(new Uint8Array(Buffer.from(accepted.join('')))))
      expect(oversize ?? false).toBe(first !== -1)
    }),
    { numRuns: 2000 },
  )
})
