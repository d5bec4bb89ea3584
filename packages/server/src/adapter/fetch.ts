import type { ResponseWriter, ResponseWriterEvents } from '../connection/response-writer.ts'
import type { SinkRequest } from '../http/request.ts'
import type { Endpoint, SinkResponse } from '../http/response.ts'

/** From a Fetch `Request` to a `Response`: for Hono, Next, Bun, Deno and workers. Never rejects. */
export type FetchHandler = (request: Request) => Promise<Response>

export function fetchHandler(endpoint: Endpoint): FetchHandler {
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
      const opened = openBody(events, request.signal)
      readable = opened.readable
      return opened.writer
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

/** A response body that is pushed to: whoever pulls it says so by reading, and leaves by cancelling. */
function openBody(
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
  // Some runtimes cancel the body when a client leaves, some abort the request.
  signal.addEventListener('abort', left, { once: true })

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

  /** What is queued has been read: `pull` is the last that is heard of a body. */
  function finish(): void {
    if (controller.desiredSize !== HIGH_WATER_MARK) return
    controller.close()
    closed()
  }

  function left(): void {
    controller.close()
    closed()
  }

  function destroy(): void {
    // An ended body would look complete; this one is not.
    controller.error(new Error('the stream was cut'))
    closed()
  }

  function closed(): void {
    if (state === 'closed') return
    state = 'closed'
    signal.removeEventListener('abort', left)
    events.closed()
  }
}

/** Bytes that may wait in a body before its reader counts as behind: what a socket holds. */
const HIGH_WATER_MARK = 65_536
