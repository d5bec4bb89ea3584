import type { Attempt, HeadersInput, MaybePromise, PerAttempt, Settings } from './options.ts'
import type { TransportRequest } from './transport/transport.ts'

/** The URL of a connection, with the cursor in it where it goes there. */
export async function requestUrl(settings: Settings, attempt: Attempt): Promise<URL> {
  const url = parseUrl(await valueFor(settings.url, attempt))
  if (settings.idParameter && attempt.lastEventId) {
    url.searchParams.set(settings.idParameter, attempt.lastEventId)
  }
  return url
}

/** Parses and checks a URL. Throws a TypeError that names no part of it that could be a secret. */
export function parseUrl(input: string | URL): URL {
  const { document, location } = globalThis as { document?: { baseURI: string }; location?: { href: string } }
  let url: URL | undefined
  try {
    url = new URL(input, document?.baseURI ?? location?.href)
  } catch {
    // Refused below, without a word of what it was.
  }
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password) {
    throw new TypeError('url must be an absolute http or https URL without user and password')
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
  const own: Record<string, string> = { accept: 'text/event-stream' }
  const headers = { ...own, ...headerFields(await valueFor(settings.headers, attempt)) }
  if (lastEventId !== undefined) delete headers['last-event-id']
  const id = sendableId(settings, lastEventId)
  if (id && !settings.idParameter) {
    headers['last-event-id'] = own['last-event-id'] = byteString(id)
  }
  const { method, redirect } = settings
  const input = await valueFor(settings.body, attempt)
  let body: Uint8Array<ArrayBuffer> | undefined
  if (input !== undefined) {
    // What kinds of body there are, and which content type each implies, is the platform's to know.
    const response = new Response(input as ConstructorParameters<typeof Response>[0])
    // Before the body is read: Bun forgets it then.
    const type = response.headers.get('content-type')
    if (type) headers['content-type'] ??= type
    body = new Uint8Array(await response.arrayBuffer())
  }
  return { url, method, headers, crossOriginHeaders: own, body, redirect }
}

/**
 * The id that a request carries: `''` where there is none, and where HTTP has no way to carry it. Without it the server
 * resumes where it likes; with it, no further request could be sent at all.
 */
export function sendableId(settings: Settings, id = ''): string {
  return !settings.idParameter && unsendable.test(id) ? '' : id
}

function valueFor<T>(input: PerAttempt<T>, attempt: Attempt): MaybePromise<T> {
  return typeof input === 'function' ? (input as (attempt: Attempt) => MaybePromise<T>)(attempt) : input
}

/** Checks headers, and gives their values by lower-case name. */
export function headerFields(input: HeadersInput): Record<string, string> {
  // What is no object would be quoted by the platform, and may be a whole header.
  if (typeof input !== 'object') throw new TypeError('headers must be an object or pairs')
  const headers = new Headers()
  for (const [name, value] of Symbol.iterator in input ? input : Object.entries(input)) {
    try {
      if (value !== undefined) headers.append(name, value)
    } catch {
      // The platform's own message quotes the value.
      throw new TypeError(`headers: HTTP cannot carry the name or the value of '${name}'`)
    }
  }
  return Object.fromEntries(headers)
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what a header cannot carry
const unsendable = /[\0-\x08\n-\x1f\x7f]/

/** The UTF-8 bytes of a text, one a character: how a header carries it (HTML standard, 9.2.3). */
function byteString(text: string): string {
  let bytes = ''
  for (const byte of new TextEncoder().encode(text)) bytes += String.fromCharCode(byte)
  return bytes
}
