import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { chunking, eventStream } from '@rxsse/testing'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { CHECKS_ZSTD, decodeContent } from './content-coding.ts'
import type { Transport, TransportConnection, TransportHandler } from './transport.ts'

const ENCODE: Readonly<Record<string, (bytes: Uint8Array) => Uint8Array>> = {
  gzip: (bytes) => gzipSync(bytes),
  'x-gzip': (bytes) => gzipSync(bytes, { level: 0 }),
  deflate: (bytes) => deflateSync(bytes),
  br: (bytes) => brotliCompressSync(bytes),
  zstd: (bytes) => zstdCompressSync(bytes),
}

const codings = fc.array(fc.constantFrom(...Object.keys(ENCODE)), { minLength: 1, maxLength: 3 })

const coded = fc.tuple(eventStream(), codings).map(([bytes, names]) => ({
  bytes,
  names,
  wire: names.reduce((inner, name) => ENCODE[name]?.(inner) ?? inner, bytes),
}))

interface Outcome {
  readonly data: Buffer
  /** Each call that ends the exchange. */
  readonly ends: readonly string[]
}

/** Decodes what arrives in these chunks. `pauses` says after which pieces the reader stops for a while. */
async function receive(
  names: readonly string[],
  chunks: readonly Uint8Array[],
  end: 'end' | 'error',
  pauses: (piece: number) => boolean,
): Promise<Outcome> {
  const inner: { handler?: TransportHandler } = {}
  const transport: Transport = {
    open(_request, handler) {
      inner.handler = handler
      return { pause() {}, resume() {}, abort() {} }
    },
  }
  const data: Uint8Array[] = []
  const ends: string[] = []
  let exchange: TransportConnection | undefined
  const request = { url: new URL('http://a/'), method: 'GET', redirect: 'follow', body: undefined } as const
  await new Promise<void>((resolve) => {
    const finish = (how: string) => {
      ends.push(how)
      // A second end would come soon after the first.
      setImmediate(resolve)
    }
    exchange = decodeContent(transport).open(
      { ...request, headers: {}, crossOriginHeaders: {} },
      {
        onResponse() {},
        onData(piece) {
          if (ends.length > 0) ends.push('data after the end')
          data.push(Buffer.from(piece))
          if (!pauses(data.length)) return
          exchange?.pause()
          setImmediate(() => exchange?.resume())
        },
        onEnd: () => finish('end'),
        onError: (code) => finish(code),
      },
    )
    const { handler } = inner
    handler?.onResponse({ status: 200, headers: { 'content-encoding': names.join(', ') }, url: 'http://a/' })
    for (const chunk of chunks) handler?.onData(chunk)
    if (end === 'end') handler?.onEnd()
    else handler?.onError('tls', new Error('of the socket'))
  })
  return { data: Buffer.concat(data), ends }
}

const pauses = fc.func(fc.boolean()) as fc.Arbitrary<(piece: number) => boolean>

it('a body in any codings, cut anywhere, is decoded to what it was', async () => {
  const inChunks = coded.chain((each) => fc.tuple(fc.constant(each), chunking(each.wire), pauses))
  await fc.assert(
    fc.asyncProperty(inChunks, async ([{ bytes, names, wire }, chunks, pausing]) => {
      const { data, ends } = await receive(names, chunks, 'end', pausing)
      expect(ends).toEqual(['end'])
      expect(data.equals(wire.length === 0 ? Buffer.alloc(0) : bytes)).toBe(true)
    }),
    { numRuns: 150 },
  )
})

it('a body that stops before its end is never complete, and what it gave is the beginning', async () => {
  const cut = coded
    .filter(({ wire, names }) => wire.length > 1 && (CHECKS_ZSTD || !names.includes('zstd')))
    .chain((each) =>
      fc.tuple(
        fc.constant(each),
        fc.integer({ min: 1, max: each.wire.length - 1 }),
        fc.constantFrom('end', 'error'),
      ),
    )
  await fc.assert(
    fc.asyncProperty(cut, pauses, async ([{ bytes, names, wire }, length, end], pausing) => {
      const { data, ends } = await receive(names, [wire.subarray(0, length)], end as 'end' | 'error', pausing)
      expect(ends).toEqual([end === 'error' ? 'tls' : 'network'])
      expect(data.equals(bytes.subarray(0, data.length))).toBe(true)
    }),
    { numRuns: 150 },
  )
})

it('a body with wrong bytes ends once, and a gzip that is complete is right', async () => {
  const broken = coded.chain((each) =>
    fc.tuple(fc.constant(each), fc.nat(Math.max(0, each.wire.length - 1)), fc.integer({ min: 1, max: 255 })),
  )
  await fc.assert(
    fc.asyncProperty(broken, pauses, async ([{ bytes, names, wire }, at, bits], pausing) => {
      const wrong = Uint8Array.from(wire)
      wrong[at] = Number(wrong[at]) ^ bits
      const { data, ends } = await receive(names, [wrong], 'end', pausing)
      expect(ends).toHaveLength(1)
      // It alone carries a checksum in every case.
      if (ends[0] === 'end' && names.every((name) => name.endsWith('gzip')))
        expect(data.equals(bytes)).toBe(true)
    }),
    { numRuns: 150 },
  )
})
