import { createParser } from 'eventsource-parser'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  chunking,
  eventStream,
  type Interpretation,
  referenceEncode,
  referenceEvents,
  referenceParse,
  sseMessage,
} from '../index.ts'

/** Parses with eventsource-parser, chunk by chunk. */
function parseByPeer(chunks: readonly Uint8Array[]): Interpretation {
  const events: { type: string; data: string; lastEventId: string }[] = []
  let retry: number | null = null
  let lastEventId = ''
  const parser = createParser({
    onEvent: ({ event, data }) => events.push({ type: event || 'message', data, lastEventId }),
    onId: (id) => {
      lastEventId = id
    },
    onRetry: (value) => {
      retry = value
    },
  })
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  for (const chunk of chunks) parser.feed(decoder.decode(chunk, { stream: true }))
  return { events, retry, lastEventId }
}

describe('sseMessage', () => {
  it('generates messages that are the same after encoding and parsing', () => {
    fc.assert(
      fc.property(fc.array(sseMessage()), (messages) => {
        const bytes = Buffer.from(messages.map(referenceEncode).join(''))
        expect(referenceParse(bytes)).toEqual(referenceEvents(messages))
      }),
      { numRuns: 1000 },
    )
  })

  it('generates messages with and without each field, with every line break, and with an empty id', () => {
    const messages = fc.sample(sseMessage(), { numRuns: 2000, seed: 1 })
    for (const field of ['type', 'id', 'retry'] as const) {
      expect(messages.some((message) => field in message)).toBe(true)
      expect(messages.some((message) => !(field in message))).toBe(true)
    }
    for (const piece of ['\r\n', '\r', '\n', '\ufeff', '😀', '\0']) {
      expect(messages.some(({ data }) => data.includes(piece))).toBe(true)
    }
    expect(messages.some(({ data }) => data.endsWith('\n'))).toBe(true)
    expect(messages.some(({ id }) => id === '')).toBe(true)
  })
})

describe('eventStream', () => {
  it('generates streams that the reference parser and eventsource-parser read alike, however they are cut', () => {
    fc.assert(
      fc.property(
        eventStream().chain((bytes) => fc.tuple(fc.constant(bytes), chunking(bytes))),
        ([bytes, chunks]) => {
          expect(parseByPeer(chunks)).toEqual(referenceParse(bytes))
        },
      ),
      { numRuns: 3000 },
    )
  })

  it('generates streams with and without events, ids and reconnection times, and with every hard piece', () => {
    const streams = fc.sample(eventStream(), { numRuns: 1000, seed: 1 })
    const read = streams.map((bytes) => referenceParse(bytes))
    const share = (test: (seen: Interpretation) => boolean): number => read.filter(test).length / read.length
    expect(share(({ events }) => events.length > 2)).toBeGreaterThan(0.2)
    expect(share(({ events }) => events.length === 0)).toBeGreaterThan(0.05)
    expect(share(({ retry }) => retry !== null)).toBeGreaterThan(0.1)
    expect(share(({ lastEventId }) => lastEventId !== '')).toBeGreaterThan(0.1)
    const texts = streams.map((bytes) => Buffer.from(bytes).toString('latin1'))
    for (const piece of ['\r\n', '\r\r', '\n\n', 'id: a\0b', '\xef\xbb\xbf', '\xff', '\n:']) {
      expect(texts.some((text) => text.includes(piece))).toBe(true)
    }
    expect(texts.some((text) => text.startsWith('\xef\xbb\xbf'))).toBe(true)
    expect(texts.some((text) => /[^\r\n]$/.test(text))).toBe(true)
  })
})

describe('chunking', () => {
  it('keeps every byte in order', () => {
    fc.assert(
      fc.property(
        fc
          .uint8Array({ maxLength: 60, size: 'max' })
          .chain((bytes) => fc.tuple(fc.constant(bytes), chunking(bytes))),
        ([bytes, chunks]) => {
          expect(Buffer.concat(chunks)).toEqual(Buffer.from(bytes))
        },
      ),
    )
  })

  it('cuts at every place, and generates empty chunks, one chunk and single bytes', () => {
    const bytes = Buffer.from('0123456789')
    const cuts = fc.sample(chunking(bytes), { numRuns: 500, seed: 1 })
    const ends = new Set(cuts.flatMap((chunks) => chunks.map((chunk) => chunk.byteOffset - bytes.byteOffset)))
    for (let at = 0; at < bytes.length; at++) expect(ends).toContain(at)
    expect(cuts.some((chunks) => chunks.length === 1)).toBe(true)
    expect(cuts.some((chunks) => chunks.every((chunk) => chunk.length === 1))).toBe(true)
    expect(cuts.some((chunks) => chunks.some((chunk) => chunk.length === 0))).toBe(true)
  })
})
