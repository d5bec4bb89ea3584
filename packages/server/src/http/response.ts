import type { ResponseWriter, ResponseWriterEvents } from '../connection/response-writer.ts'
import type { MaybePromise } from '../sink/message.ts'
import type { SinkRequest } from './request.ts'

/** What an adapter sends back: a short answer, or a stream that it opens. */
export interface SinkResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  /** Given, the body is a stream: `connect` sends the head and gives the writer to write it to. */
  readonly stream?: (connect: (events: ResponseWriterEvents) => ResponseWriter) => void
  /** To be called instead of `stream`, where the client has left meanwhile. */
  readonly abandoned?: () => void
}

/** What every adapter carries: a request in, an answer out, at once where it can. Never throws. */
export type Endpoint = (request: SinkRequest) => MaybePromise<SinkResponse>

/** The head of a stream: never stored, transformed or held back on its way. */
export const STREAM_HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
}

export function plainResponse(
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
