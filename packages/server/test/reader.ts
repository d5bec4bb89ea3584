import { once } from 'node:events'
import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http'
import { connect, constants, type IncomingHttpHeaders as Http2Headers } from 'node:http2'
import { request as secureRequest } from 'node:https'
import type { Readable } from 'node:stream'
import { type Interpretation, referenceParse } from '@rxsse/testing'

export type ReadEvent = Interpretation['events'][number]

/** A client that keeps every byte, and parses them with the reference parser. */
export interface Reader {
  readonly status: number
  readonly headers: IncomingHttpHeaders | Http2Headers
  readonly body: Readable
  /** Everything received so far. */
  text(): string
  /** The last 100 characters, which is cheap for a long body. */
  tail(): string
  events(): readonly ReadEvent[]
  interpret(): Interpretation
  /** Resolves when the condition is true; rejects if the body ends before. */
  until(condition: (reader: Reader) => boolean): Promise<void>
  /** Resolves to the events when there are at least `count`. */
  take(count: number): Promise<readonly ReadEvent[]>
  /** Resolves when the body ends: `'end'` if it is complete, `'cut'` otherwise. */
  readonly ended: Promise<'end' | 'cut'>
  /** Stops reading, so that the server falls behind. */
  pause(): void
  resume(): void
  /** Drops the connection. */
  close(): void
}

export interface ReaderOptions {
  readonly method?: string
  readonly headers?: Record<string, string | string[]>
  readonly body?: string
  /** Aborts the request, also before the response. */
  readonly signal?: AbortSignal
}

/** Opens a reader over HTTP/1.1, with or without TLS. */
export async function openReader(url: string, { body, ...options }: ReaderOptions = {}): Promise<Reader> {
  const send = url.startsWith('https:') ? secureRequest : request
  const sent = send(url, { agent: false, rejectUnauthorized: false, ...options })
  sent.end(body)
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  sent.on('error', () => {})
  return createReader(response, {
    status: response.statusCode ?? 0,
    headers: response.headers,
    isComplete: () => response.complete,
    close: () => sent.destroy(),
  })
}

/** Opens a reader over HTTP/2, on a connection of its own. */
export async function openHttp2Reader(
  url: string,
  { body, method = 'GET', headers, signal }: ReaderOptions = {},
): Promise<Reader> {
  const { origin, pathname, search } = new URL(url)
  const session = connect(origin, { rejectUnauthorized: false })
  session.on('error', () => {})
  const stream = session.request(
    { ...headers, ':path': pathname + search, ':method': method },
    signal === undefined ? {} : { signal },
  )
  stream.end(body)
  stream.once('close', () => session.close())
  const [responseHeaders] = (await once(stream, 'response')) as [Http2Headers]
  stream.on('error', () => {})
  return createReader(stream, {
    status: Number(responseHeaders[':status']),
    headers: responseHeaders,
    isComplete: () => stream.rstCode === constants.NGHTTP2_NO_ERROR && stream.readableEnded,
    close: () => stream.close(constants.NGHTTP2_CANCEL),
  })
}

interface ReaderSource {
  readonly status: number
  readonly headers: IncomingHttpHeaders | Http2Headers
  isComplete(): boolean
  close(): void
}

function createReader(body: Readable, { isComplete, close, ...head }: ReaderSource): Reader {
  const chunks: Buffer[] = []
  const waiting = new Set<() => void>()
  let outcome: 'end' | 'cut' | undefined
  body.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    check()
  })
  body.on('error', () => {})
  const ended = new Promise<'end' | 'cut'>((resolve) => {
    body.once('close', () => {
      outcome = isComplete() ? 'end' : 'cut'
      resolve(outcome)
      check()
    })
  })
  const reader: Reader = {
    ...head,
    body,
    tail: () => Buffer.concat(chunks.slice(-2)).toString().slice(-100),
    text: () => concatenate().toString(),
    events: () => reader.interpret().events,
    interpret: () => referenceParse(concatenate()),
    until(condition) {
      return new Promise((resolve, reject) => {
        const attempt = () => {
          if (condition(reader)) resolve()
          else if (outcome === undefined) return
          else reject(new Error(`the body ended first: ${JSON.stringify(reader.text())}`))
          waiting.delete(attempt)
        }
        waiting.add(attempt)
        attempt()
      })
    },
    async take(count) {
      await reader.until(({ events }) => events().length >= count)
      return reader.events()
    },
    ended,
    pause: () => void body.pause(),
    resume: () => void body.resume(),
    close,
  }
  return reader

  function concatenate(): Buffer {
    if (chunks.length > 1) chunks.splice(0, chunks.length, Buffer.concat(chunks))
    return chunks[0] ?? Buffer.alloc(0)
  }

  function check(): void {
    for (const attempt of waiting) attempt()
  }
}
