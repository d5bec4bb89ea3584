import { once } from 'node:events'
import { type ClientRequest, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http'
import { type Interpretation, referenceParse } from '@rxsse/testing'

export type ReadEvent = Interpretation['events'][number]

/** A client that keeps every byte, and reads it as the standard says. */
export interface Reader {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly rawHeaders: readonly string[]
  readonly response: IncomingMessage
  readonly request: ClientRequest
  /** What has arrived so far. */
  text(): string
  events(): readonly ReadEvent[]
  interpret(): Interpretation
  /** Resolves when what has arrived fulfils a condition; rejects when the body ends before. */
  until(condition: (reader: Reader) => boolean): Promise<void>
  /** Resolves when `count` events are there, with them. */
  take(count: number): Promise<readonly ReadEvent[]>
  /** Resolves when the body has ended: `'end'` properly, `'cut'` otherwise. */
  readonly ended: Promise<'end' | 'cut'>
  /** Stops reading, so that the server falls behind. */
  pause(): void
  resume(): void
  close(): void
}

export interface ReaderOptions {
  readonly method?: string
  readonly headers?: Record<string, string | string[]>
}

export async function openReader(url: string, options: ReaderOptions = {}): Promise<Reader> {
  const sent = request(url, { agent: false, ...options })
  sent.end()
  sent.on('error', () => {})
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  const chunks: Buffer[] = []
  const waiting = new Set<() => void>()
  let over: 'end' | 'cut' | undefined
  response.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    check()
  })
  response.on('error', () => {})
  const ended = new Promise<'end' | 'cut'>((resolve) => {
    response.once('close', () => {
      over = response.complete ? 'end' : 'cut'
      resolve(over)
      check()
    })
  })
  const reader: Reader = {
    status: response.statusCode ?? 0,
    headers: response.headers,
    rawHeaders: response.rawHeaders,
    response,
    request: sent,
    text: () => Buffer.concat(chunks).toString(),
    events: () => reader.interpret().events,
    interpret: () => referenceParse(Buffer.concat(chunks)),
    until(condition) {
      return new Promise((resolve, reject) => {
        const attempt = () => {
          if (condition(reader)) resolve()
          else if (over !== undefined)
            reject(new Error(`the body ended first: ${JSON.stringify(reader.text())}`))
          else return
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
    pause: () => void response.pause(),
    resume: () => void response.resume(),
    close: () => void sent.destroy(),
  }
  return reader

  function check(): void {
    for (const attempt of waiting) attempt()
  }
}
