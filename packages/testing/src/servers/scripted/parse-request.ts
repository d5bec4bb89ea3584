/** The content of a request. */
export interface WireRequest {
  readonly method: string
  readonly path: string
  readonly httpVersion: string
  readonly rawHeaders: readonly (readonly [name: string, value: string])[]
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

/**
 * Parses the first HTTP/1.1 request in `bytes`. Returns it with its length in bytes, or undefined if it is incomplete.
 * Throws if the bytes are not an HTTP request.
 */
export function parseRequest(bytes: Buffer): { request: WireRequest; length: number } | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n')
  if (headEnd === -1) return undefined
  const [requestLine = '', ...fieldLines] = bytes.toString('latin1', 0, headEnd).split('\r\n')
  const [, method, path, httpVersion] = /^(\S+) (\S+) HTTP\/(\d\.\d)$/.exec(requestLine) ?? []
  if (method === undefined || path === undefined || httpVersion === undefined) {
    throw new Error(`not an HTTP request line: ${JSON.stringify(requestLine)}`)
  }
  const rawHeaders = fieldLines.map(parseField)
  const headers = joinByName(rawHeaders)
  const body = parseBody(headers, bytes.subarray(headEnd + 4))
  if (body === undefined) return undefined
  return {
    request: { method, path, httpVersion, rawHeaders, headers, body: body.content },
    length: headEnd + 4 + body.length,
  }
}

function parseField(line: string): readonly [string, string] {
  const colon = line.indexOf(':')
  if (colon < 1) throw new Error(`not an HTTP header field: ${JSON.stringify(line)}`)
  return [line.slice(0, colon), line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '')]
}

function joinByName(fields: readonly (readonly [string, string])[]): Record<string, string> {
  const joined: Record<string, string> = Object.create(null)
  for (const [name, value] of fields) {
    const key = name.toLowerCase()
    joined[key] = joined[key] === undefined ? value : `${joined[key]}, ${value}`
  }
  return joined
}

interface Body {
  readonly content: Buffer
  readonly length: number
}

function parseBody(headers: Record<string, string>, bytes: Buffer): Body | undefined {
  if (headers['transfer-encoding'] !== undefined) return parseChunked(bytes)
  const field = headers['content-length'] ?? '0'
  if (!/^\d+$/.test(field)) throw new Error(`not a Content-Length: ${JSON.stringify(field)}`)
  const length = Number(field)
  return bytes.length < length ? undefined : { content: Buffer.from(bytes.subarray(0, length)), length }
}

function parseChunked(bytes: Buffer): Body | undefined {
  const chunks: Buffer[] = []
  let at = 0
  while (true) {
    const lineEnd = bytes.indexOf('\r\n', at)
    if (lineEnd === -1) return undefined
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16)
    if (Number.isNaN(size)) throw new Error('not a chunk size in a chunked request body')
    const start = lineEnd + 2
    if (bytes.length < start + size + 2) return undefined
    chunks.push(bytes.subarray(start, start + size))
    at = start + size + 2
    // Trailers are not supported: only the blank line follows the last chunk.
    if (size === 0) return { content: Buffer.concat(chunks), length: at }
  }
}
