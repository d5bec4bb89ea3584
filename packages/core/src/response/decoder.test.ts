import { eventStreamCases } from '@rxsse/testing'
import { describe, expect, it } from 'vitest'
import { decode } from '../../test/decode.ts'
import { Decoder } from './decoder.ts'

describe('every conformance case gives the same events', () => {
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
  it('in pieces of two bytes, each in its own turn, is read in linear time', () => {
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

describe('an event over the limit', () => {
  it('is reported once and stops the decoder, also in the middle of a large piece', () => {
    const small = 'data: a\n\n'.repeat(2000)
    const large = `data: ${'x'.repeat(500)}\ndata: y\n\n`
    for (const rest of ['', 'data: unfinished', 'data: b\n\n']) {
      let told = 0
      let events = 0
      const decoder = new Decoder(
        {
          onEvent: () => events++,
          onId() {},
          onRetry() {},
        },
        { types: undefined, maxEventSize: 500 },
        () => told++,
      )
      decoder.push(Buffer.from(small + large + small + rest))
      decoder.push(Buffer.from(small))
      decoder.end()
      expect([told, events]).toEqual([1, 2000])
    }
  })

  it('of several lines has the size of all its lines', () => {
    const block = 'data: 12345\nid: 1\ndata: 12345\n\n'
    const bytes = Buffer.from(block.repeat(3))
    expect(decode([bytes], { maxEventSize: block.length }).events).toHaveLength(3)
    expect(decode([bytes], { maxEventSize: block.length - 1 })).toMatchObject({ events: [], oversize: true })
  })
})

describe('an unfinished block', () => {
  /** A decoder that returns its calls. */
  function telling(maxEventSize = Number.POSITIVE_INFINITY) {
    const said: string[] = []
    const decoder = new Decoder(
      {
        onEvent: (_, data) => said.push(data),
        onId() {},
        onRetry() {},
      },
      { types: undefined, maxEventSize, comments: { next: (text) => said.push(`:${text}`) } },
      () => said.push('oversize'),
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

  it('is held up to the limit exactly', () => {
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

  it('does not delay a comment before it, and comments before it do not count', () => {
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

  it('is finished by the first byte of its empty line, with any line end', () => {
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

  it('does not count towards the next one in the same piece', () => {
    const comments = ': 1234567\n'.repeat(10)
    for (const eol of ['\n', '\r', '\r\n']) {
      const piece = `${comments}data: x\n\n\n\n${comments}data: y\n\n`.replaceAll('\n', eol)
      const told = telling(12).push(piece)
      expect(told.filter((one) => !one.startsWith(':'))).toEqual(['x', 'y'])
      expect(told).toHaveLength(22)
    }
  })
})

describe('a byte order mark', () => {
  const BOM = [0xef, 0xbb, 0xbf]

  it('is stripped once, wherever it is cut, and nothing that only resembles it is', () => {
    for (const [start, events] of [
      [[], ['x']],
      [BOM, ['x']],
      [[0xef, 0xbb], []],
      [[0xef], []],
      [[...BOM, ...BOM], []],
      [[...BOM, ...BOM, ...BOM], []],
      // The bytes of a byte order mark as Latin-1 characters, encoded in UTF-8.
      [[...Buffer.from('\u00ef\u00bb\u00bf')], []],
      [[...BOM, ...Buffer.from('\u00ef\u00bb\u00bf')], []],
    ] as const) {
      const input = Buffer.concat([Buffer.from(start), Buffer.from('data: x\n\n')])
      const expected = events.map((data) => ({ type: 'message', data, lastEventId: '' }))
      for (let first = 0; first < 12; first++) {
        for (let second = first; second < 12; second++) {
          const pieces = [input.subarray(0, first), input.subarray(first, second), input.subarray(second)]
          expect(decode(pieces).events, `${start} cut at ${first} and ${second}`).toEqual(expected)
        }
      }
      expect(decode([Buffer.from(start)]).events).toEqual([])
    }
  })

  it('inside the stream belongs to its line', () => {
    const bytes = Buffer.from('data: a\n\n\ufeffdata: b\n\ndata: \ufeffc\n\n')
    for (let cut = 0; cut <= bytes.length; cut++) {
      const { events } = decode([bytes.subarray(0, cut), bytes.subarray(cut)])
      expect(events.map(({ data }) => data)).toEqual(['a', '\ufeffc'])
    }
  })

  it('does not hide a comment after it', () => {
    const comments: string[] = []
    const decoder = new Decoder(
      {
        onEvent() {},
        onId() {},
        onRetry() {},
      },
      { types: undefined, maxEventSize: 10, comments: { next: (text) => comments.push(text) } },
      () => {},
    )
    for (let n = 0; n < 10; n++) {
      decoder.push(Buffer.from(n === 0 ? '\ufeff: ping\n' : ': ping\n'))
      decoder.flush()
    }
    expect(comments).toHaveLength(10)
  })
})

describe('junk', () => {
  const size = 2 ** 24
  const flood = function* (piece: string): Generator<Uint8Array> {
    const bytes = Buffer.from(piece)
    for (let sent = 0; sent < size; sent += bytes.length) yield bytes
    yield Buffer.from('\n\ndata: x\n\n')
  }

  // Work that grew with the square of the input would take minutes.
  it.each([
    ['unknown fields', 'foo: bar\n', 1000],
    ['lines without a colon', 'junk\r\n', 1000],
    ['one line without an end', 'x'.repeat(100), 1000],
    ['retry lines', 'retry: 1\n', 1000],
  ])('%s without an empty line ends the stream at the limit', (_, line, repeat) => {
    const heap = process.memoryUsage().heapUsed
    const started = performance.now()
    expect(decode(flood(line.repeat(repeat)), { maxEventSize: 2 ** 20 })).toMatchObject({
      events: [],
      oversize: true,
    })
    expect(performance.now() - started).toBeLessThan(10_000)
    expect(process.memoryUsage().heapUsed - heap).toBeLessThan(64 * 2 ** 20)
  })

  it.each([
    ['comments', ': ping\n'],
    ['empty lines', '\r\n'],
    ['blocks of unknown fields', 'foo: bar\n\n'],
    ['comments in blocks', 'a\n: b\n\n'],
  ])('%s may go on for any length', (_, block) => {
    for (const repeat of [1, 5000]) {
      const pieces = Array.from({ length: 2000 / Math.min(repeat, 100) }, () =>
        Buffer.from(block.repeat(repeat)),
      )
      const { events, oversize } = decode([...pieces, Buffer.from('\n\ndata: x\n\n')], { maxEventSize: 50 })
      expect(events.map(({ data }) => data)).toEqual(['x'])
      expect(oversize).toBeUndefined()
    }
  })

  it('a huge retry is infinite, and never wraps around', () => {
    expect(decode([Buffer.from(`retry: ${'9'.repeat(400)}\n\n`)]).retry).toBe(Number.POSITIVE_INFINITY)
  })
})

describe('pieces of the body', () => {
  it('are parsed at once if they are large, and together at the end of the turn if they are small', async () => {
    const seen: string[] = []
    const decoder = new Decoder(
      {
        onEvent: (_, data) => seen.push(data.slice(0, 5)),
        onId() {},
        onRetry() {},
      },
      { types: undefined, maxEventSize: 2 ** 20 },
      () => {},
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
