import type { SinkRequest } from './request.ts'
import { plainResponse, type SinkResponse, STREAM_HEADERS } from './response.ts'

/** The answer to a request that no stream can answer, by its method or its `Accept`; undefined for one that may go on. */
export function refuse(request: SinkRequest, methods: readonly string[]): SinkResponse | undefined {
  const allowed = allowedMethods(methods)
  if (!allowed.includes(request.method)) {
    const allow = allowed.join(', ')
    return plainResponse(405, `${request.method} is not allowed here; use ${allow}`, { allow })
  }
  if (!acceptsEventStream(request.headers.get('accept'))) {
    return plainResponse(406, 'this is a text/event-stream')
  }
  return undefined
}

/** Where GET is allowed, HEAD is (RFC 9110, 9.1). */
export function allowedMethods(methods: readonly string[]): readonly string[] {
  return methods.includes('GET') ? [...methods, 'HEAD'] : methods
}

/** The head that a GET would get, alone. */
export function headAlone(headers: Readonly<Record<string, string>>): SinkResponse {
  return { status: 200, headers: { ...headers, ...STREAM_HEADERS } }
}

/** Whether an `Accept` header lets an event stream through: the most specific range decides (RFC 9110, 12.5.1). */
function acceptsEventStream(accept: string | null): boolean {
  if (accept === null || accept.trim() === '') return true
  let decided = -1
  let accepted = false
  for (const range of accept.split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase())
    const specificity = RANGES.indexOf(type)
    if (specificity <= decided) continue
    decided = specificity
    const q = parameters.find((parameter) => parameter.startsWith('q='))
    accepted = q === undefined || Number(q.slice(2)) > 0
  }
  return accepted
}

const RANGES = ['*/*', 'text/*', 'text/event-stream']
