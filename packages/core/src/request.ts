import { EventSourceError } from './errors.ts'
import type { Attempt, BodyInput, HeadersInput, MaybePromise, PerAttempt, Settings } from './options.ts'
import type { TransportRequest } from './transport/transport.ts'

/** The URL of a connection, with the cursor in it where it goes there. */
export async function requestUrl(settings: Settings, attempt: Attempt): Promise<URL> {
  const url = parseUrl(await valueFor(settings.url, attempt))
  if (settings.idParameter !== undefined && attempt.lastEventId !== '') {
    url.searchParams.set(settings.idParameter, attempt.lastEventId)
  }
  return url
}

/** Parses and checks a URL. Throws a TypeError that names no part of it that could be a secret. */
export function parseUrl(input: string | URL): URL {
  const base = (globalThis as { location?: { href?: string } }).location?.href
  let url: URL
  try {
    url = new URL(input, base)
  } catch {
    throw new InvalidRequest(
      `url must be an absolute http or https URL, not ${typeof input === 'string' ? `'${input.split(/[?#]/, 1)[0]}'` : typeof input}`,
    )
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new InvalidRequest(`url must be an http or https URL, not one of ${url.protocol}`)
  }
  if (url.username !== '' || url.password !== '') {
    throw new InvalidRequest(
      'url must have no user and password in it: give them as an Authorization header, in `headers`',
    )
  }
  url.hash = ''
  return url
}

/** Everything else of the request. `lastEventId` is undefined as long as neither the caller nor the stream has set one. */
export async function completeRequest(
  settings: Settings,
  attempt: Attempt,
  url: URL,
  lastEventId: string | undefined,
): Promise<TransportRequest> {
  const [callerHeaders, body] = await Promise.all([
    valueFor(settings.headers, attempt),
    valueFor(settings.body, attempt),
  ])
  const own: Record<string, string> = { accept: 'text/event-stream' }
  const headers: Record<string, string> = { ...own, ...normalize(callerHeaders ?? {}) }
  if (lastEventId !== undefined) delete headers['last-event-id']
  const id = settings.idParameter === undefined ? sendableId(settings, lastEventId) : ''
  if (id !== '') headers['last-event-id'] = own['last-event-id'] = byteString(id)
  const encoded = body === undefined ? undefined : await encode(body, settings.method)
  if (encoded?.type != null) headers['content-type'] ??= encoded.type
  return {
    url,
    method: settings.method,
    headers,
    crossOriginHeaders: own,
    body: encoded?.bytes,
    redirect: settings.redirect,
  }
}

/**
 * The id that a request carries: `''` where there is none, and where HTTP has no way to carry it. Without it the server
 * resumes where it likes; with it, no further request could be sent at all.
 */
export function sendableId(settings: Settings, id = ''): string {
  return settings.idParameter === undefined && unsendable.test(id) ? '' : id
}

function valueFor<T>(input: PerAttempt<T>, attempt: Attempt): MaybePromise<T> {
  return typeof input === 'function' ? (input as (attempt: Attempt) => MaybePromise<T>)(attempt) : input
}

function normalize(input: HeadersInput): Record<string, string> {
  const pairs = Symbol.iterator in input ? input : Object.entries(input)
  const headers: Record<string, string> = {}
  for (const [name, value] of pairs) {
    if (value === undefined) continue
    const key = String(name).toLowerCase()
    if (!token.test(key)) throw new InvalidRequest(`headers: '${key}' is not a name that HTTP allows`)
    if (typeof value !== 'string' || !fieldValue.test(value)) {
      throw new InvalidRequest(
        `headers: the value of '${key}' must be a string of Latin-1 characters without line breaks and control characters`,
      )
    }
    headers[key] = Object.hasOwn(headers, key) ? `${headers[key]}, ${value}` : value
  }
  return headers
}

const token = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what a header cannot carry
const unsendable = /[\0-\x08\n-\x1f\x7f]/

/** The UTF-8 bytes of a text, one a character: how a header carries it (HTML standard, 9.2.3). */
function byteString(text: string): string {
  let bytes = ''
  for (const byte of new TextEncoder().encode(text)) bytes += String.fromCharCode(byte)
  return bytes
}

/** As `fetch` does: what kinds of body there are and which content type each implies is the platform's to know. */
async function encode(
  body: BodyInput,
  method: string,
): Promise<{ bytes: Uint8Array<ArrayBuffer>; type: string | null }> {
  if (method === 'GET' || method === 'HEAD')
    throw new InvalidRequest(`body: a ${method} request cannot have one`)
  const response = new Response(body as ConstructorParameters<typeof Response>[0])
  return { bytes: new Uint8Array(await response.arrayBuffer()), type: response.headers.get('content-type') }
}

/** What a factory made cannot be sent. The message holds no value of theirs, so it may be shown. */
class InvalidRequest extends TypeError {}

/** The error for whatever went wrong before anything was sent. A foreign cause's message is left alone: it may quote a secret. */
export function requestError(cause: unknown, url: string | undefined, attempt: number): EventSourceError {
  const why = cause instanceof InvalidRequest ? `: ${cause.message}` : ''
  return new EventSourceError('request', `the request could not be made${why}`, { url, attempt, cause })
}
