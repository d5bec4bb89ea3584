import type { MaybePromise } from '@rxsse/shared'
import type { TransportRequest } from '../transport/transport.ts'
import { byteString, parseHeaders } from './headers.ts'
import type { Attempt, BodyInput, HeadersInput, PerAttempt, RequestSettings } from './request-options.ts'
import { parseUrl } from './url.ts'

/** The value for an attempt. */
export function resolveValue<T>(input: PerAttempt<T>, attempt: Attempt): MaybePromise<T> {
  return typeof input === 'function' ? (input as (attempt: Attempt) => MaybePromise<T>)(attempt) : input
}

/** Resolves the method of a connection, in upper case. */
export async function resolveMethod({ method }: RequestSettings, attempt: Attempt): Promise<string> {
  return (await resolveValue(method, attempt)).toUpperCase()
}

/** Whether a request with this method may have a body (Fetch standard, `Request` constructor). */
export function takesBody(method: string): boolean {
  return !/^(GET|HEAD)$/.test(method)
}

/**
 * The URL of a request. If `idParameter` is set, it carries the last event ID. `lastEventId` is undefined until the caller or the
 * stream sets one: only then the caller's own parameter is sent.
 */
export function createUrl(
  input: string | URL,
  { idParameter }: RequestSettings,
  sentId: string,
  lastEventId: string | undefined,
): URL {
  const url = parseUrl(input)
  if (!idParameter || lastEventId === undefined) return url
  // All other parameters stay byte for byte, because a signature may cover them.
  const pairs = url.search.split(/[?&]/).filter((pair) => pair && !new URLSearchParams(pair).has(idParameter))
  if (sentId) pairs.push(String(new URLSearchParams([[idParameter, sentId]])))
  url.search = pairs.join('&')
  return url
}

/**
 * Creates everything else of the request. `lastEventId` is undefined until the caller or the stream sets one: only then the
 * caller's own header is sent.
 */
export async function createRequest(
  { accept, idParameter, redirect }: RequestSettings,
  url: URL,
  method: string,
  callers: HeadersInput,
  input: BodyInput | undefined,
  sentId: string,
  lastEventId: string | undefined,
): Promise<TransportRequest> {
  const own: Record<string, string> = { accept }
  const headers = { ...own, ...parseHeaders(callers) }
  if (lastEventId !== undefined) delete headers['last-event-id']
  if (sentId && !idParameter) headers['last-event-id'] = own['last-event-id'] = byteString(sentId)
  let body: Uint8Array<ArrayBuffer> | undefined
  if (input !== undefined) {
    // `Response` knows every kind of body and its content type.
    const response = new Response(input as ConstructorParameters<typeof Response>[0])
    // Bun gives a string no type, and forgets the type of everything else once the body is read.
    const type = typeof input === 'string' ? 'text/plain;charset=UTF-8' : response.headers.get('content-type')
    if (type) headers['content-type'] ??= type
    body = new Uint8Array(await response.arrayBuffer())
  }
  return { url, method, headers, crossOriginHeaders: own, body, redirect }
}

/**
 * The ID that a request carries: `''` if there is none, or if the request cannot carry it. Without the ID the server
 * resumes at a point of its choice. With it, no further request could be sent at all.
 */
export function toSendableId({ idParameter }: RequestSettings, id = ''): string {
  const length = (idParameter ? encodeURIComponent(id) : byteString(id)).length
  return length > MAX_ID_BYTES || (!idParameter && UNSENDABLE.test(id)) ? '' : id
}

/** Servers answer 431 or 414 if a line of the request is longer than 8 KiB, by default. */
const MAX_ID_BYTES = 8000

// biome-ignore lint/suspicious/noControlCharactersInRegex: a header cannot carry control characters
const UNSENDABLE = /[\0-\x08\n-\x1f\x7f]/
