import { setTimeout as delay } from 'node:timers/promises'
import zlib from 'node:zlib'
import type { Step, Steps } from './script.ts'

export type Ending = 'END' | 'CUT' | 'RST' | 'HOLD'

/** What a step comes down to on a connection. */
export type Action =
  | { readonly bytes: Buffer }
  | { readonly pause: (gone: AbortSignal) => PromiseLike<unknown> }
  | { readonly ending: Ending }

/** Steps as actions, up to and with the first ending; `END` where none is named. Compressed text is already bytes. */
export async function* toActions(steps: Steps): AsyncGenerator<Action, void, undefined> {
  let compressor: Compressor | undefined
  for await (const step of steps) {
    if (step === 'CUT' || step === 'RST' || step === 'HOLD') return yield { ending: step }
    if (step === 'END') break
    if (typeof step === 'string') yield { bytes: Buffer.from(step) }
    else if (step instanceof Uint8Array) yield { bytes: Buffer.from(step) }
    else if ('hex' in step) yield { bytes: parseHex(step.hex) }
    else if ('sleep' in step) yield { pause: (gone) => delay(step.sleep, undefined, { signal: gone }) }
    else if ('until' in step)
      yield { pause: () => (typeof step.until === 'function' ? step.until() : step.until) }
    else {
      compressor ??= createCompressor(step)
      yield { bytes: await compressor.write(step) }
    }
  }
  if (compressor) yield { bytes: await compressor.end() }
  yield { ending: 'END' }
}

function parseHex(hex: string): Buffer {
  if (!/^(?:[0-9a-f]{2})*$/i.test(hex))
    throw new TypeError(`{hex} takes pairs of hex digits, got ${JSON.stringify(hex)}`)
  return Buffer.from(hex, 'hex')
}

type CompressedStep = Extract<Step, { gzip: string } | { br: string } | { zstd: string }>

interface Compressor {
  write(step: CompressedStep): Promise<Buffer>
  end(): Promise<Buffer>
}

const createStream = {
  gzip: () => ({ stream: zlib.createGzip(), flush: zlib.constants.Z_SYNC_FLUSH }),
  br: () => ({ stream: zlib.createBrotliCompress(), flush: zlib.constants.BROTLI_OPERATION_FLUSH }),
  zstd: () => ({ stream: zlib.createZstdCompress(), flush: zlib.constants.ZSTD_e_flush }),
}

/** One stream for a whole body, as servers have it: each step leaves in full, the trailer only at the end. */
function createCompressor(first: CompressedStep): Compressor {
  const coding = codingOf(first)
  const { stream, flush } = createStream[coding]()
  const collect = (): Buffer => {
    const parts: Buffer[] = []
    for (let part = stream.read(); part !== null; part = stream.read()) parts.push(part)
    return Buffer.concat(parts)
  }
  return {
    write(step) {
      if (codingOf(step) !== coding)
        throw new TypeError(`a body has one coding: ${coding} or ${codingOf(step)}`)
      stream.write(textOf(step))
      return new Promise((resolve) => stream.flush(flush, () => resolve(collect())))
    },
    end() {
      return new Promise((resolve) => {
        const parts: Buffer[] = []
        stream.on('data', (part: Buffer) => parts.push(part))
        stream.on('end', () => resolve(Buffer.concat(parts)))
        stream.end()
      })
    },
  }
}

function codingOf(step: CompressedStep): keyof typeof createStream {
  if ('gzip' in step) return 'gzip'
  return 'br' in step ? 'br' : 'zstd'
}

function textOf(step: CompressedStep): string {
  if ('gzip' in step) return step.gzip
  return 'br' in step ? step.br : step.zstd
}
