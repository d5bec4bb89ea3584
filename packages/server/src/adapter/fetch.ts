import type { ResponseWriter, ResponseWriterEvents } from '../connection/response-writer.ts'
import type { SinkRequest } from '../http/request.ts'
import type { Endpoint, SinkResponse } from '../http/response.ts'

/** From a Fetch `Request` to a `Response`: for Hono, Next, Bun, Deno and workers. Never rejects. */
export type FetchHandler = (request: Request) => Promise<Response>

export function createFetchHandler(endpoint: Endpoint): FetchHandler {
  return async (request) => {
    const { status, headers, body, stream, abandoned }: SinkResponse = await endpoint(
      createSinkRequest(request),
    )
    if (stream === undefined) return new Response(body ?? null, { status, headers })
    if (request.signal.aborted) {
      abandoned?.()
      return new Response(null, { status, headers })
    }
    let readable: ReadableStream<Uint8Array> | undefined
    stream((events) => {
      const body = createBody(events, request.signal)
      readable = body.readable
      return body.writer
    })
    return new Response(readable, { status, headers })
  }
}

function createSinkRequest(raw: Request): SinkRequest {
  let url: URL | undefined
  return {
    raw,
    method: raw.method,
    get url() {
      url ??= new URL(raw.url)
      return url
    },
    headers: raw.headers,
    signal: raw.signal,
  }
}

/** A response body to push to. Its reader pulls when it keeps up, and cancels when it leaves. */
function createBody(
  events: ResponseWriterEvents,
  signal: AbortSignal,
): { readable: ReadableStream<Uint8Array>; writer: ResponseWriter } {
  let controller: ReadableStreamDefaultController<Uint8Array>
  let state: 'open' | 'ending' | 'closed' = 'open'
  let behind = false

  const readable = new ReadableStream<Uint8Array>(
    {
      start(own) {
        controller = own
      },
      pull() {
        if (behind) {
          behind = false
          events.drained()
        }
        if (state === 'ending') finish()
      },
      cancel: closed,
    },
    { highWaterMark: HIGH_WATER_MARK, size: (bytes) => bytes.byteLength },
  )
  // When a client leaves, some runtimes cancel the body and some abort the request.
  signal.addEventListener('abort', leave, { once: true })

  return {
    readable,
    writer: {
      write({ bytes }) {
        controller.enqueue(bytes)
        behind = Number(controller.desiredSize) <= 0
        return !behind
      },
      end() {
        state = 'ending'
        if (controller.desiredSize === HIGH_WATER_MARK) finish()
      },
      destroy,
    },
  }

  /** Closes the body if everything queued has been read. */
  function finish(): void {
    if (controller.desiredSize !== HIGH_WATER_MARK) return
    controller.close()
    closed()
  }

  function leave(): void {
    controller.close()
    closed()
  }

  function destroy(): void {
    // An error, because an ended body would look complete.
    controller.error(new Error('the stream was cut'))
    closed()
  }

  function closed(): void {
    if (state === 'closed') return
    state = 'closed'
    signal.removeEventListener('abort', leave)
    events.closed()
  }
}

/** Bytes that may wait in a body before its reader counts as behind: about what a socket holds. */
const HIGH_WATER_MARK = 65_536
