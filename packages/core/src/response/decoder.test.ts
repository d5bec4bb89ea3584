import { eventStreamCases } from '@rxsse/testing'
import { describe, expect, it } from 'vitest'
import { decode } from '../../test/decode.ts'
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

describe('what is not finished', () => {
  /** A decoder, and what it has told of so far. */
  function telling(maxEventSize = Number.POSITIVE_INFINITY) {
    const said: string[] = []
    const decoder = createDecoder(
      {
        onEvent: (_, data) => said.push(data),
        onId() {},
        onRetry() {},
        onComment: (text) => said.push(`:${text}`),
        onOversize: () => said.push('oversize'),
      },
      { types: undefined, maxEventSize },
    )
    const push = (text: string): string[] => {
      decoder.push(Buffer.from(text))
      decoder.flush()
      return said.splice(0)
    }
    const end = (): string[] => {
      decoder.end()
      return said.splice(0)
    }
    return { push, end }
  }

  it('is held for its limit exactly, and not a byte longer', () => {
    for (const [unfinished, bytes] of [
      ['data: ab', 8],
      ['data: ab\n', 9],
      [': ab', 4],
      ['data: é', 8],
    ] as const) {
      expect(telling(bytes).push(unfinished)).toEqual([])
      expect(telling(bytes - 1).push(unfinished)).toEqual(['oversize'])
      // After a piece that is decoded where it is, too.
      const large = 'data: a\n\n'.repeat(3000)
      expect(telling(Math.max(bytes, 9)).push(large + unfinished)).toHaveLength(3000)
      const small = telling(9)
      expect(small.push(`${large}data: abc\n`)).toHaveLength(3001)
    }
  })

  it('does not keep a comment before it waiting, nor is made larger by comments', () => {
    const { push, end } = telling(20)
    for (let n = 0; n < 100; n++) expect(push(`: heartbeat ${n}\n`)).toEqual([`:heartbeat ${n}`])
    expect(push(': heart')).toEqual([])
    expect(push('beat\r')).toEqual([':heartbeat'])
    expect(push('\n: a\r\n: b\ndata: x\n')).toEqual([':a', ':b'])
    // A comment within a block waits for its end.
    expect(push(':c\n')).toEqual([])
    expect(push('\n')).toEqual([':c', 'x'])
    expect(push('data: y\n')).toEqual([])
    expect(end()).toEqual([])
  })

  it('is a matter of its line end alone, whichever it is: what is finished is told at once', () => {
    for (const eol of ['\n', '\r', '\r\n']) {
      const { push } = telling()
      for (const once of [`data: x${eol}${eol}`, `${eol}data: y${eol}data${eol}${eol}`]) {
        expect(push(once)).toHaveLength(1)
        const [first = '', ...rest] = once
        // Byte by byte, it is there with the first byte of the line end of the empty line.
        const told = [push(first), ...rest.map((byte) => push(byte))].map((events) => events.length)
        expect(told.indexOf(1)).toBe(once.length - eol.length)
        expect(told.filter((n) => n > 0)).toEqual([1])
      }
      expect(push(`: a${eol}: b${eol}: c${eol}`)).toEqual([':a', ':b', ':c'])
    }
  })

  it('is no part of the size of what comes after it in the same piece', () => {
    const comments = ': 1234567\n'.repeat(10)
    for (const eol of ['\n', '\r', '\r\n']) {
      const piece = `${comments}data: x\n\n\n\n${comments}data: y\n\n`.replaceAll('\n', eol)
      const told = telling(12).push(piece)
      expect(told.filter((one) => !one.startsWith(':'))).toEqual(['x', 'y'])
      expect(told).toHaveLength(22)
    }
  })

  it('may be a byte order mark, or what only begins like one', () => {
    for (const [bytes, events] of [
      [[0xef, 0xbb, 0xbf], ['x']],
      [[0xef, 0xbb], []],
      [[0xef, 0xbb, 0xbf, 0xef, 0xbb, 0xbf], []],
      [[], ['x']],
    ] as const) {
      const input = Buffer.concat([Buffer.from(bytes), Buffer.from('data: x\n\n')])
      for (let cut = 0; cut < input.length; cut++) {
        const pieces = [input.subarray(0, cut), input.subarray(cut)]
        expect(decode(pieces).events.map(({ data }) => data)).toEqual(events)
      }
      expect(decode([Buffer.from(bytes)]).events).toEqual([])
    }
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
