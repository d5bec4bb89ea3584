import { RequestError } from '../sink/errors.ts'
import type { SinkRequest } from './request.ts'

/**
 * Reads the JSON body of a request, also if a framework has parsed it already. Rejects with a
 * `RequestError`: 400 if it is not JSON, 413 if it is longer than `maxBytes` (default 1 MiB).
 */
export async function readJson({ raw }: SinkRequest, maxBytes: number = 1_048_576): Promise<unknown> {
  const parsed = typeof raw === 'object' && raw !== null && 'body' in raw ? raw.body : undefined
  if (parsed !== undefined && parsed !== null && !isReadable(parsed)) {
    return typeof parsed === 'string' || parsed instanceof Uint8Array ? parse(toText(parsed)) : parsed
  }
  const source = isReadable(parsed) ? parsed : isReadable(raw) ? raw : EMPTY
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

function isReadable(value: unknown): value is AsyncIterable<Uint8Array> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}

const EMPTY: AsyncIterable<Uint8Array> = { async *[Symbol.asyncIterator]() {} }
