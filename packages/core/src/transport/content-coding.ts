import type { Transform } from 'node:stream'
import {
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createInflateRaw,
  createZstdDecompress,
} from 'node:zlib'
import type {
  Transport,
  TransportConnection,
  TransportErrorCode,
  TransportHandler,
  TransportRequest,
  TransportResponse,
} from './transport.ts'

/** Asks for compressed responses and decodes them (RFC 9110, 8.4), for a transport that does not. */
export function decodeContent(transport: Transport): Transport {
  return { open: (request, handler) => new DecodedExchange(transport, request, handler) }
}

/** What decodes each coding. Of the outermost one, the first byte is known. */
const DECOMPRESSORS: Readonly<Record<string, (first?: number) => Transform>> = {
  gzip: () => createGunzip(),
  'x-gzip': () => createGunzip(),
  // Some servers leave out the header of zlib, whose first byte names the method 8. Browsers take both forms.
  deflate: (first = 8) => ((first & 15) === 8 ? createInflate() : createInflateRaw()),
  br: () => createBrotliDecompress(),
  // A window of 8 MiB at most (RFC 9659, 3). The default of zstd takes 128 MiB.
  zstd: () => createZstdDecompress({ params: { [constants.ZSTD_d_windowLogMax]: 23 } }),
}

/** Servers apply one, seldom two. Each takes memory for itself. */
const MAX_CODINGS = 5

/** Node 22 reports no error for a zstd body that ends too soon, so it would look complete. */
export const CHECKS_ZSTD: boolean = Number(process.versions.node.split('.')[0]) >= 24

const ACCEPTED_CODINGS = CHECKS_ZSTD ? 'gzip, br, zstd' : 'gzip, br'

class DecodedExchange implements TransportConnection, TransportHandler {
  readonly #handler: TransportHandler
  readonly #exchange: TransportConnection
  /** The codings to decode, the outermost first. */
  #codings: readonly string[] = []
  #chain: Chain | undefined
  #failure: { readonly code: TransportErrorCode; readonly cause: unknown } | undefined
  #paused = false

  constructor(transport: Transport, request: TransportRequest, handler: TransportHandler) {
    const accept = { 'accept-encoding': ACCEPTED_CODINGS }
    this.#handler = handler
    this.#exchange = transport.open(
      {
        ...request,
        headers: { ...accept, ...request.headers },
        crossOriginHeaders: { ...accept, ...request.crossOriginHeaders },
      },
      this,
    )
  }

  pause(): void {
    this.#paused = true
    this.#exchange.pause()
    this.#chain?.pause()
  }

  resume(): void {
    this.#paused = false
    this.#chain?.resume()
    if (!this.#chain?.full) this.#exchange.resume()
  }

  abort(): void {
    this.#exchange.abort()
    this.#chain?.destroy()
  }

  onConnected(): void {
    this.#handler.onConnected?.()
  }

  onResponse(response: TransportResponse): void {
    const codings = parseContentCodings(response.headers['content-encoding'])
    if (codings.length > MAX_CODINGS) {
      this.#exchange.abort()
      const cause = new Error(`the body has ${codings.length} content codings, more than ${MAX_CODINGS}`)
      this.#handler.onError('network', cause)
      return
    }
    // An unknown coding leaves the body as it is (Fetch standard, "handle content codings"). Many servers send
    // `Content-Encoding: none` to keep their framework from compressing.
    if (codings.every((coding) => Object.hasOwn(DECOMPRESSORS, coding))) this.#codings = codings
    this.#handler.onResponse(response)
  }

  onData(bytes: Uint8Array): void {
    if (this.#codings.length === 0) {
      this.#handler.onData(bytes)
      return
    }
    if (this.#chain === undefined) {
      this.#chain = this.#createChain(bytes[0])
      if (this.#paused) this.#chain.pause()
    }
    if (!this.#chain.write(bytes)) this.#exchange.pause()
  }

  onEnd(): void {
    if (this.#chain === undefined) this.#handler.onEnd()
    else this.#chain.end()
  }

  onError(code: TransportErrorCode, cause: unknown): void {
    if (this.#chain === undefined) {
      this.#handler.onError(code, cause)
    } else {
      // Another thread still decompresses what came before the error.
      this.#failure = { code, cause }
      this.#chain.end()
    }
  }

  #createChain(first: number | undefined): Chain {
    return new Chain(this.#codings, first, {
      onData: (bytes) => this.#handler.onData(bytes),
      onDrain: () => {
        if (!this.#paused) this.#exchange.resume()
      },
      onDone: (error) => {
        this.#exchange.abort()
        const failure = this.#failure ?? (error === undefined ? undefined : { code: 'network', cause: error })
        if (failure === undefined) this.#handler.onEnd()
        else this.#handler.onError(failure.code, failure.cause)
      },
    })
  }
}

function parseContentCodings(field = ''): readonly string[] {
  return field
    .split(',')
    .map((coding) => coding.trim().toLowerCase())
    .filter((coding) => coding !== '' && coding !== 'identity')
    .reverse()
}

interface ChainHandler {
  onData(bytes: Uint8Array): void
  /** There is room again after {@link Chain.write} returned false. */
  onDrain(): void
  /** Everything is decompressed, or an error occurred. */
  onDone(error: Error | undefined): void
}

/** Decompressors in a row, each feeding the next. */
class Chain {
  readonly #streams: readonly Transform[]
  readonly #first: Transform
  readonly #last: Transform
  #done = false

  constructor(codings: readonly string[], first: number | undefined, handler: ChainHandler) {
    this.#streams = codings.map((coding, index) =>
      (DECOMPRESSORS[coding] as (first?: number) => Transform)(index === 0 ? first : undefined),
    )
    this.#first = this.#streams[0] as Transform
    this.#last = this.#streams.reduce((upper, lower) => upper.pipe(lower))
    const finish = (error: Error | undefined): void => {
      this.destroy()
      handler.onDone(error)
    }
    // A destroyed stream may still emit the data that it is just handing out.
    this.#first.on('drain', () => handler.onDrain())
    this.#last.on('data', (bytes: Uint8Array) => this.#done || handler.onData(bytes))
    this.#last.on('end', () => finish(undefined))
    for (const stream of this.#streams) stream.on('error', finish)
  }

  get full(): boolean {
    return this.#first.writableNeedDrain
  }

  /** Returns whether there is room for more. */
  write(bytes: Uint8Array): boolean {
    return this.#first.write(bytes)
  }

  end(): void {
    this.#first.end()
  }

  pause(): void {
    this.#last.pause()
  }

  resume(): void {
    this.#last.resume()
  }

  destroy(): void {
    this.#done = true
    for (const stream of this.#streams) stream.destroy()
  }
}
