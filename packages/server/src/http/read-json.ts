import { runAtEndOfTick } from '../connection/end-of-tick.ts'
import { RequestError } from '../sink/errors.ts'
import type { SinkRequest } from './request.ts'

/**
 * Reads the JSON body of a request, also if a framework has parsed it already. Rejects with a
 * `RequestError`: 400 if it is not JSON or not complete, 413 if it is longer than `maxBytes` (default
 * 1 MiB). Begin at once: a body that nobody reads is discarded five seconds after the head.
 */
export async function readJson({ raw }: SinkRequest, maxBytes: number = 1_048_576): Promise<unknown> {
  const parsed = getProperty(raw, 'body')
  if (parsed !== undefined && parsed !== null && !isReadable(parsed)) {
    return typeof parsed === 'string' || parsed instanceof Uint8Array ? parse(toText(parsed)) : parsed
  }
  const source = findSource(raw)
  const chunks = keepOpen(source)[Symbol.asyncIterator]()
  const decoder = new TextDecoder()
  let text = ''
  let size = 0
  for (let chunk = await readChunk(chunks); chunk !== undefined; chunk = await readChunk(chunks)) {
    size += chunk.length
    if (size > maxBytes) {
      discardRest(chunks).catch(() => {})
      throw new RequestError(413, `the body is longer than ${maxBytes} bytes`)
    }
    text += typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true })
  }
  // A request of HTTP/2 that is reset just ends, and says so a moment later.
  if (getProperty(source, 'stream') !== undefined) await new Promise<void>(runAtEndOfTick)
  if (getProperty(source, 'aborted') === true) throw new RequestError(400, INCOMPLETE)
  return parse(text + decoder.decode())
}

/** Undefined at the end. A body that breaks off is the client's fault. */
async function readChunk(
  chunks: AsyncIterator<Uint8Array | string>,
): Promise<Uint8Array | string | undefined> {
  try {
    const { done, value } = await chunks.next()
    return done ? undefined : value
  } catch (cause) {
    throw new RequestError(400, INCOMPLETE, { cause })
  }
}

/** Some servers do not read the next request of a connection before the end of this one's body. */
async function discardRest(chunks: AsyncIterator<Uint8Array | string>): Promise<void> {
  for (let discarded = 0; discarded < MAX_DISCARDED; ) {
    const chunk = await readChunk(chunks)
    if (chunk === undefined) return
    discarded += chunk.length
  }
  await chunks.return?.()
}

const MAX_DISCARDED = 16_777_216

/** Bytes, or text if something has called `setEncoding`. */
type Body = AsyncIterable<Uint8Array | string>

/** The stream of the body: of a Fetch or Node request, or of the one in a framework's request. */
function findSource(raw: unknown): Body {
  const candidates = [getProperty(raw, 'body'), raw, getProperty(raw, 'raw'), getProperty(raw, 'req')]
  const source = candidates.find(isReadable)
  const wasRead =
    getProperty(source, 'readableEnded') === true ||
    getProperty(source, 'locked') === true ||
    getProperty(raw, 'bodyUsed') === true
  if (wasRead) {
    throw new Error('the body was read before: hand over the request of the framework, which has it parsed')
  }
  return source ?? EMPTY
}

const INCOMPLETE = 'the body ended before it was complete'

/** Leaving the loop early must not destroy a Node request: its socket carries the response. */
function keepOpen(source: Body): Body {
  const { iterator } = source as { iterator?: (options: object) => Body }
  return iterator === undefined ? source : iterator.call(source, { destroyOnReturn: false })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new RequestError(400, 'the body is not JSON', { cause })
  }
}

function toText(body: string | Uint8Array): string {
  return typeof body === 'string' ? body : new TextDecoder().decode(body)
}

function getProperty(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}

function isReadable(value: unknown): value is Body {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}

const EMPTY: Body = { async *[Symbol.asyncIterator]() {} }
