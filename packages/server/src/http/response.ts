import type { MaybePromise } from '@rxsse/shared'
import type { ResponseWriter, ResponseWriterEvents } from '../connection/response-writer.ts'
import type { SinkRequest } from './request.ts'

/** A response for an adapter to send: a short text, or a stream. */
export interface SinkResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  /** Makes the body a stream: `connect` sends the head and returns the body's writer. */
  readonly stream?: (connect: (events: ResponseWriterEvents) => ResponseWriter) => void
  /** Called instead of `stream` if the client has left by then. */
  readonly abandoned?: () => void
}

/** Answers requests, synchronously if possible. Never throws. */
export type Endpoint = (request: SinkRequest) => MaybePromise<SinkResponse>

/** The headers of a stream: proxies must not store, transform or buffer it. */
export const STREAM_HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
}

export function createPlainResponse(
  status: number,
  text: string,
  headers: Record<string, string> = {},
): SinkResponse {
  return {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store', ...headers },
    body: `${text}\n`,
  }
}
