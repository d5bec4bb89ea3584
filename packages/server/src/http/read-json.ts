import { RequestError } from '../sink/errors.ts'
import type { SinkRequest } from './request.ts'

/**
 * Reads the JSON body of a request, also if a framework has parsed it already. Rejects with a
 * `RequestError`: 400 if it is not JSON, 413 if it is longer than `maxBytes` (default 1 MiB).
 */
export async function readJson({ raw }: SinkRequest, maxBytes: number = 1_048_576): Promise<unknown> {
  const parsed = getProperty(raw, 'body')
  if (parsed !== undefined && parsed !== null && !isReadable(parsed)) {
    return typeof parsed === 'string' || parsed instanceof Uint8Array ? parse(toText(parsed)) : parsed
  }
  const source = findSource(raw)
  const decoder = new TextDecoder()
  let text = ''
  let size = 0
  for await (const chunk of keepOpen(source)) {
    size += chunk.byteLength
    if (size > maxBytes) throw new RequestError(413, `the body is longer than ${maxBytes} bytes`)
    text += decoder.decode(chunk, { stream: true })
  }
  return parse(text + decoder.decode())
}

/** The stream of the body: of a Fetch or Node request, or of the one in a framework's request. */
function findSource(raw: unknown): AsyncIterable<Uint8Array> {
  const candidates = [getProperty(raw, 'body'), raw, getProperty(raw, 'raw'), getProperty(raw, 'req')]
  const source = candidates.find(isReadable)
  if (source !== undefined && getProperty(source, 'readableEnded') === true) {
    throw new Error('the body was read before: hand over the request of the framework, which has it parsed')
  }
  return source ?? EMPTY
}

/** Leaving the loop early must not destroy a Node request: its socket carries the response. */
function keepOpen(source: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const { iterator } = source as { iterator?: (options: object) => AsyncIterable<Uint8Array> }
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

function isReadable(value: unknown): value is AsyncIterable<Uint8Array> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}

const EMPTY: AsyncIterable<Uint8Array> = { async *[Symbol.asyncIterator]() {} }
