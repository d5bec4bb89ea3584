import type { Clock } from '../connection/clock.ts'
import { runAtEndOfTick } from '../connection/end-of-tick.ts'
import type { ResponseWriter, ResponseWriterEvents } from '../connection/response-writer.ts'
import type { SinkRequest } from '../http/request.ts'
import { BARE_ERROR, type Endpoint, type SinkResponse } from '../http/response.ts'

/** From a Fetch `Request` to a `Response`: for Hono, Next, Bun, Deno and workers. Never rejects. */
export type FetchHandler = (request: Request) => Promise<Response>

export function createFetchHandler(endpoint: Endpoint): FetchHandler {
  return async (request: FetchRequest) => {
    let ready: SinkResponse | undefined
    try {
      ready = await endpoint.respond(createSinkRequest(request))
      return createResponse(request, ready, endpoint.clock)
    } catch (error) {
      ready?.abandoned?.()
      endpoint.report(error)
      return new Response(BARE_ERROR.body, BARE_ERROR)
    }
  }
}

/** The requests of some platforms have no signal. Then only the body tells that the client left. */
type FetchRequest = Omit<Request, 'signal'> & { readonly signal?: AbortSignal }

function createResponse(
  request: FetchRequest,
  { status, headers, body, stream, abandoned }: SinkResponse,
  clock: Clock,
): Response {
  const head = { status, headers }
  if (stream === undefined) return new Response(request.method === 'HEAD' ? null : (body ?? null), head)
  if (request.signal?.aborted) {
    abandoned?.()
    return new Response(null, head)
  }
  let readable: ReadableStream<Uint8Array> | undefined
  stream((events) => {
    const body = createBody(events, request, clock)
    readable = body.readable
    return body.writer
  })
  return new Response(readable, head)
}

function createSinkRequest(raw: FetchRequest): SinkRequest {
  let url: URL | undefined
  let signal: AbortSignal | undefined
  return {
    raw,
    method: raw.method,
    get url() {
      url ??= new URL(raw.url)
      return url
    },
    headers: raw.headers,
    get signal() {
      signal ??= raw.signal ?? new AbortController().signal
      return signal
    },
  }
}

/** A response body to push to. Its reader pulls when it keeps up, and cancels when it leaves. */
function createBody(
  events: ResponseWriterEvents,
  request: FetchRequest,
  clock: Clock,
): { readable: ReadableStream<Uint8Array>; writer: ResponseWriter } {
  let controller: ReadableStreamDefaultController<Uint8Array>
  let state: 'open' | 'ending' | 'cutting' | 'closed' = 'open'
  let behind = false
  let isRead = false
  /** The bytes that have been written before anybody read. */
  let unread = 0
  const madeAt = clock.now()

  const readable = new ReadableStream<Uint8Array>(
    {
      start(own) {
        controller = own
      },
      pull() {
        // At the end, each piece that the client takes is progress.
        if (behind || state !== 'open') {
          behind = false
          events.drained()
        }
        finishIfRead()
      },
      cancel: closed,
    },
    { highWaterMark: HIGH_WATER_MARK, size: (bytes) => bytes.byteLength },
  )
  // When a client leaves, some runtimes cancel the body and some abort the request. The functions
  // here refer to the request: if it were collected, its signal would never fire.
  request.signal?.addEventListener('abort', leave, { once: true })

  return {
    readable,
    writer: {
      write({ bytes }) {
        if (!isRead) checkReading(bytes)
        controller.enqueue(bytes)
        behind = Number(controller.desiredSize) <= 0
        return !behind
      },
      end: () => finish('ending'),
      cut: () => finish('cutting'),
      destroy,
    },
  }

  /** If a middleware answers with another response after the handler, nobody reads this one, or cancels it. */
  function checkReading(bytes: Uint8Array): void {
    isRead = readable.locked || HIGH_WATER_MARK - Number(controller.desiredSize) < unread
    unread += bytes.length
    if (!isRead && clock.now() - madeAt >= READING_BEGINS_MS) runAtEndOfTick(leave)
  }

  function finish(how: 'ending' | 'cutting'): void {
    state = how
    finishIfRead()
  }

  /** Finishes the body if everything queued has been read: an error would drop the queue. */
  function finishIfRead(): void {
    if (controller.desiredSize !== HIGH_WATER_MARK) return
    // The runtime has the last bytes, but an error at once would make it drop them.
    if (state === 'cutting') runAtEndOfTick(destroy)
    else if (state === 'ending') {
      controller.close()
      closed()
    }
  }

  /** Nobody reads any more, and frameworks print an error that nobody can read. */
  function leave(): void {
    if (state === 'closed') return
    controller.close()
    closed()
  }

  /** An error, because a body that ends would look complete. */
  function destroy(): void {
    if (state === 'closed') return
    controller.error(new Error('the stream was cut'))
    closed()
  }

  function closed(): void {
    if (state === 'closed') return
    state = 'closed'
    request.signal?.removeEventListener('abort', leave)
    events.closed()
  }
}

/** Bytes that may wait in a body before its reader counts as behind: about what a socket holds. */
const HIGH_WATER_MARK = 65_536

/** A platform reads a body as soon as it has the response. */
const READING_BEGINS_MS = 30_000
