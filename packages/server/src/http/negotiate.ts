import { optionError } from '@rxsse/shared'
import type { SinkRequest } from './request.ts'
import { createPlainResponse, type SinkResponse, STREAM_HEADERS } from './response.ts'

/** Whether an `Accept` that excludes event streams is disregarded or refused. */
export type AcceptOption = 'any' | 'strict'

/** Answers requests whose method or, if it counts, `Accept` excludes a stream. */
export function createNegotiation(
  methods: readonly string[],
  accept: AcceptOption = 'any',
): (request: SinkRequest) => SinkResponse | undefined {
  if (accept !== 'any' && accept !== 'strict') throw optionError('accept', "'any' or 'strict'", accept)
  const allowed = resolveMethods(methods)
  const allow = allowed.join(', ')
  return ({ method, headers }) => {
    if (!allowed.includes(method)) {
      return createPlainResponse(405, `this method is not allowed here; use ${allow}`, { allow })
    }
    if (accept === 'strict' && !acceptsEventStream(headers.get('accept'))) {
      return createPlainResponse(406, 'this is a text/event-stream')
    }
    return undefined
  }
}

/** The allowed methods. HEAD is allowed if GET is (RFC 9110, 9.1). */
export function resolveMethods(methods: readonly string[]): readonly string[] {
  return methods.includes('GET') && !methods.includes('HEAD') ? [...methods, 'HEAD'] : methods
}

/** The head that a GET gets, without a body. */
export function createHeadResponse(): SinkResponse {
  return { status: 200, headers: STREAM_HEADERS }
}

/** Whether `Accept` allows an event stream: the most specific range decides (RFC 9110, 12.5.1). */
function acceptsEventStream(header: string | null): boolean {
  if (header === null || header.trim() === '') return true
  let highest = -1
  let allowed = false
  for (const { name, accepted } of parseAccept(header)) {
    const specificity = RANGES.indexOf(name)
    if (specificity <= highest) continue
    highest = specificity
    allowed = accepted
  }
  return allowed
}

/** From the least to the most specific range. */
const RANGES = ['*/*', 'text/*', 'text/event-stream']

/** Whether `Accept-Encoding` allows gzip (RFC 9110, 12.5.3). Without the header, it does not. */
export function acceptsGzip(header: string | null): boolean {
  const codings = parseAccept(header ?? '')
  const coding =
    codings.find(({ name }) => name === 'gzip' || name === 'x-gzip') ??
    codings.findLast(({ name }) => name === '*')
  return coding?.accepted ?? false
}

/** The items of an `Accept` header. `q=0` means not accepted (RFC 9110, 12.4.2). */
function parseAccept(header: string): { readonly name: string; readonly accepted: boolean }[] {
  return header.split(',').map((item) => {
    const [name = '', ...parameters] = item.split(';').map((part) => part.trim().toLowerCase())
    const q = parameters.find((parameter) => parameter.startsWith('q='))
    return { name, accepted: q === undefined || Number(q.slice(2)) > 0 }
  })
}
