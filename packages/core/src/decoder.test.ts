import { eventStreamCases } from '@rxsse/testing'
import { describe, expect, it } from 'vitest'
import { decode } from '../test/decode.ts'
import { createDecoder } from './decoder.ts'

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

describe('a large event', () => {
  // Work that grew with the square of its size would take minutes.
  it('in pieces of two bytes, each in a turn of its own, is read in no time', () => {
    const size = 2 ** 21
    const piece = Buffer.from('xy')
    const chunks = function* (): Generator<Uint8Array> {
      yield Buffer.from('data: ')
      for (let at = 0; at < size; at += 2) yield piece
      yield Buffer.from('\n\n')
    }
    expect(decode(chunks()).events[0]?.data.length).toBe(size)
  })
})

describe('an event beyond the limit', () => {
  it('is told once, and ends it all, also in the middle of a piece of more than a read', () => {
    const small = 'data: a\n\n'.repeat(2000)
    const large = `data: ${'x'.repeat(500)}\ndata: y\n\n`
    for (const rest of ['', 'data: unfinished', 'data: b\n\n']) {
      let told = 0
      let events = 0
      const decoder = createDecoder(
        {
          onEvent: () => events++,
          onId() {},
          onRetry() {},
          onComment: undefined,
          onOversize: () => told++,
        },
        { types: undefined, maxEventSize: 500 },
      )
      decoder.push(Buffer.from(small + large + small + rest))
      decoder.push(Buffer.from(small))
      decoder.end()
      expect([told, events]).toEqual([1, 2000])
    }
  })

  it('of several lines is as large as they are together', () => {
    const block = 'data: 12345\nid: 1\ndata: 12345\n\n'
    const bytes = Buffer.from(block.repeat(3))
    expect(decode([bytes], { maxEventSize: block.length }).events).toHaveLength(3)
    expect(decode([bytes], { maxEventSize: block.length - 1 })).toMatchObject({ events: [], oversize: true })
  })
})

describe('pieces of more than a read', () => {
  it('are interpreted at once, and those of less together at the end of the turn', async () => {
    const seen: string[] = []
    const decoder = createDecoder(
      {
        onEvent: (_, data) => seen.push(data.slice(0, 5)),
        onId() {},
        onRetry() {},
        onComment: undefined,
        onOversize() {},
      },
      { types: undefined, maxEventSize: 2 ** 20 },
    )
    const block = (data: string) => Buffer.from(`data: ${data}\n\n`)
    decoder.push(block('one'))
    decoder.push(block('two'))
    expect(seen).toEqual([])
    await Promise.resolve()
    expect(seen).toEqual(['one', 'two'])
    decoder.push(block('large'.repeat(10_000)))
    expect(seen).toEqual(['one', 'two', 'large'])
    decoder.push(block('small'))
    decoder.push(block('large'.repeat(10_000)))
    expect(seen.slice(3)).toEqual(['small', 'large'])
    decoder.push(block('last'))
    decoder.end()
    expect(seen.at(-1)).toBe('last')
  })
})
