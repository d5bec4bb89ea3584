import zlib from 'node:zlib'
import { optionError } from '@rxsse/shared'
import type { Step } from './script.ts'

/** A step whose text is sent compressed. */
export type CompressedStep = Extract<Step, { gzip: string } | { br: string } | { zstd: string }>

export interface Compressor {
  write(step: CompressedStep): Promise<Buffer>
  end(): Promise<Buffer>
}

/** One stream for the whole body, as servers use it. Each step is flushed; the trailer comes at the end. */
export function createCompressor(first: CompressedStep): Compressor {
  const coding = findCoding(first)
  const { stream, flush } = STREAMS[coding]()
  let parts: Buffer[] = []
  stream.on('data', (part: Buffer) => parts.push(part))
  const take = (): Buffer => {
    // Reading makes the stream pass the rest of its output to the listener above.
    while (stream.read() !== null);
    const taken = Buffer.concat(parts)
    parts = []
    return taken
  }
  return {
    write(step) {
      if (findCoding(step) !== coding) {
        throw new TypeError(`a body must have one coding, ${coding} or ${findCoding(step)}`)
      }
      stream.write(findText(step))
      return new Promise((resolve) => stream.flush(flush, () => resolve(take())))
    },
    end() {
      return new Promise((resolve) => stream.once('end', () => resolve(take())).end())
    },
  }
}

const STREAMS = {
  gzip: () => ({ stream: zlib.createGzip(), flush: zlib.constants.Z_SYNC_FLUSH }),
  br: () => ({ stream: zlib.createBrotliCompress(), flush: zlib.constants.BROTLI_OPERATION_FLUSH }),
  zstd: () => ({ stream: zlib.createZstdCompress(), flush: zlib.constants.ZSTD_e_flush }),
}

function findCoding(step: CompressedStep): keyof typeof STREAMS {
  if ('gzip' in step) return 'gzip'
  return 'br' in step ? 'br' : 'zstd'
}

function findText(step: CompressedStep): string {
  const text = 'gzip' in step ? step.gzip : 'br' in step ? step.br : step.zstd
  if (typeof text === 'string') return text
  throw optionError(findCoding(step), 'a string', text)
}
