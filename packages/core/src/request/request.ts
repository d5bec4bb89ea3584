import type { MaybePromise } from '@rxsse/shared'
import type { TransportRequest } from '../transport/transport.ts'
import { byteString, parseHeaders } from './headers.ts'
import type { Attempt, PerAttempt, RequestSettings } from './request-options.ts'
import { parseUrl } from './url.ts'

/** Resolves the URL of a connection. It includes the last event ID if `idParameter` is set. */
export async function resolveUrl(
  { url: input, idParameter }: RequestSettings,
  attempt: Attempt,
  sentId: string,
): Promise<URL> {
  const url = parseUrl(await resolveValue(input, attempt))
  if (idParameter && sentId) url.searchParams.set(idParameter, sentId)
  return url
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
 * Resolves everything else of the request.
 * `lastEventId` is undefined until the caller or the stream sets one: only then the caller's own header is sent.
 */
export async function resolveRequest(
  settings: RequestSettings,
  attempt: Attempt,
  url: URL,
  method: string,
  sentId: string,
  lastEventId: string | undefined,
): Promise<TransportRequest> {
  const { redirect, accept, idParameter } = settings
  const own: Record<string, string> = { accept }
  const headers = { ...own, ...parseHeaders(await resolveValue(settings.headers, attempt)) }
  if (lastEventId !== undefined) delete headers['last-event-id']
  if (sentId && !idParameter) headers['last-event-id'] = own['last-event-id'] = byteString(sentId)
  const input = takesBody(method) ? await resolveValue(settings.body, attempt) : undefined
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

function resolveValue<T>(input: PerAttempt<T>, attempt: Attempt): MaybePromise<T> {
  return typeof input === 'function' ? (input as (attempt: Attempt) => MaybePromise<T>)(attempt) : input
}
