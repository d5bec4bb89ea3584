import type { Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib'
import type {
  Transport,
  TransportConnection,
  TransportErrorCode,
  TransportHandler,
  TransportRequest,
  TransportResponse,
} from './transport.ts'

/** Asks for compressed responses and undoes their codings (RFC 9110, 8.4), for a transport that does not. */
export function decodeContent(transport: Transport): Transport {
  return { open: (request, handler) => new DecodedExchange(transport, request, handler) }
}

const decompressors: Readonly<Record<string, () => Transform>> = {
  gzip: () => createGunzip(),
  'x-gzip': () => createGunzip(),
  deflate: () => createInflate(),
  br: () => createBrotliDecompress(),
  zstd: () => createZstdDecompress(),
}

const accepted = 'gzip, br, zstd'

class DecodedExchange implements TransportConnection, TransportHandler {
  private readonly handler: TransportHandler
  private readonly exchange: TransportConnection
  /** The codings to undo, the outermost first. */
  private codings: readonly string[] = []
  private chain: Chain | undefined
  private failure: { readonly code: TransportErrorCode; readonly cause: unknown } | undefined
  private paused = false

  constructor(transport: Transport, request: TransportRequest, handler: TransportHandler) {
    const accept = { 'accept-encoding': accepted }
    this.handler = handler
    this.exchange = transport.open(
      {
        ...request,
        headers: { ...accept, ...request.headers },
        crossOriginHeaders: { ...accept, ...request.crossOriginHeaders },
      },
      this,
    )
  }

  pause(): void {
    this.paused = true
    this.exchange.pause()
    this.chain?.pause()
  }

  resume(): void {
    this.paused = false
    this.chain?.resume()
    if (!this.chain?.full) this.exchange.resume()
  }

  abort(): void {
    this.exchange.abort()
    this.chain?.destroy()
  }

  onResponse(response: TransportResponse): void {
    const codings = contentCodings(response.headers['content-encoding'])
    // With one that nobody knows, the body is what it is (Fetch standard, "handle content codings"): `Content-Encoding: none` is how
    // many a server keeps its framework from compressing.
    if (codings.every((coding) => Object.hasOwn(decompressors, coding))) this.codings = codings
    this.handler.onResponse(response)
  }

  onData(bytes: Uint8Array): void {
    if (this.codings.length === 0) {
      this.handler.onData(bytes)
      return
    }
    this.chain ??= this.createChain()
    if (!this.chain.write(bytes)) this.exchange.pause()
  }

  onEnd(): void {
    if (this.chain === undefined) this.handler.onEnd()
    else this.chain.end()
  }

  onError(code: TransportErrorCode, cause: unknown): void {
    if (this.chain === undefined) {
      this.handler.onError(code, cause)
    } else {
      // What came before the cut is still being decompressed, on another thread.
      this.failure = { code, cause }
      this.chain.end()
    }
  }

  private createChain(): Chain {
    return new Chain(this.codings, {
      onData: (bytes) => this.handler.onData(bytes),
      onDrain: () => {
        if (!this.paused) this.exchange.resume()
      },
      onDone: (error) => {
        this.exchange.abort()
        const failure = this.failure ?? (error === undefined ? undefined : { code: 'network', cause: error })
        if (failure === undefined) this.handler.onEnd()
        else this.handler.onError(failure.code, failure.cause)
      },
    })
  }
}

function contentCodings(field = ''): readonly string[] {
  return field
    .split(',')
    .map((coding) => coding.trim().toLowerCase())
    .filter((coding) => coding !== '' && coding !== 'identity')
    .reverse()
}

interface ChainHandler {
  onData(bytes: Uint8Array): void
  /** There is room again after {@link Chain.write} said that there was none. */
  onDrain(): void
  /** All is decompressed, or something could not be. */
  onDone(error: Error | undefined): void
}

/** Decompressors, one feeding the next. */
class Chain {
  private readonly streams: readonly Transform[]
  private readonly first: Transform
  private readonly last: Transform
  private done = false

  constructor(codings: readonly string[], handler: ChainHandler) {
    this.streams = codings.map((coding) => (decompressors[coding] as () => Transform)())
    this.first = this.streams[0] as Transform
    this.last = this.streams.reduce((upper, lower) => upper.pipe(lower))
    const finish = (error: Error | undefined): void => {
      this.destroy()
      handler.onDone(error)
    }
    // Once destroyed, a stream says no more, but for the data that it is just handing out.
    this.first.on('drain', () => handler.onDrain())
    this.last.on('data', (bytes: Uint8Array) => this.done || handler.onData(bytes))
    this.last.on('end', () => finish(undefined))
    for (const stream of this.streams) stream.on('error', finish)
  }

  get full(): boolean {
    return this.first.writableNeedDrain
  }

  /** Whether there is room for more. */
  write(bytes: Uint8Array): boolean {
    return this.first.write(bytes)
  }

  end(): void {
    this.first.end()
  }

  pause(): void {
    this.last.pause()
  }

  resume(): void {
    this.last.resume()
  }

  destroy(): void {
    this.done = true
    for (const stream of this.streams) stream.destroy()
  }
}
