import zlib from 'node:zlib'
import type { Step } from './script.ts'

/** A step whose text is sent compressed. */
export type CompressedStep = Extract<Step, { gzip: string } | { br: string } | { zstd: string }>

export interface Compressor {
  write(step: CompressedStep): Promise<Buffer>
  end(): Promise<Buffer>
}

/** One stream for a whole body, as servers have it: each step leaves in full, the trailer only at the end. */
export function createCompressor(first: CompressedStep): Compressor {
  const coding = codingOf(first)
  const { stream, flush } = createStream[coding]()
  let parts: Buffer[] = []
  stream.on('data', (part: Buffer) => parts.push(part))
  const take = (): Buffer => {
    // What the stream still holds is read now, which hands it to the listener above.
    while (stream.read() !== null);
    const taken = Buffer.concat(parts)
    parts = []
    return taken
  }
  return {
    write(step) {
      if (codingOf(step) !== coding) {
        throw new TypeError(`a body has one coding: ${coding} or ${codingOf(step)}`)
      }
      stream.write(textOf(step))
      return new Promise((resolve) => stream.flush(flush, () => resolve(take())))
    },
    end() {
      return new Promise((resolve) => stream.once('end', () => resolve(take())).end())
    },
  }
}

const createStream = {
  gzip: () => ({ stream: zlib.createGzip(), flush: zlib.constants.Z_SYNC_FLUSH }),
  br: () => ({ stream: zlib.createBrotliCompress(), flush: zlib.constants.BROTLI_OPERATION_FLUSH }),
  zstd: () => ({ stream: zlib.createZstdCompress(), flush: zlib.constants.ZSTD_e_flush }),
}

function codingOf(step: CompressedStep): keyof typeof createStream {
  if ('gzip' in step) return 'gzip'
  return 'br' in step ? 'br' : 'zstd'
}

function textOf(step: CompressedStep): string {
  if ('gzip' in step) return step.gzip
  return 'br' in step ? step.br : step.zstd
}
