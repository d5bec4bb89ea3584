import type { MaybePromise } from '@rxsse/shared'
import type { TransportRequest } from '../transport/transport.ts'
import { byteString, parseHeaders } from './headers.ts'
import type { Attempt, PerAttempt, RequestSettings } from './request-options.ts'
import { parseUrl } from './url.ts'

/**
 * Resolves the URL of a connection. If `idParameter` is set, it carries the last event ID. `lastEventId` is undefined until the
 * caller or the stream sets one: only then the caller's own parameter is sent.
 */
export async function resolveUrl(
  { url: input, idParameter }: RequestSettings,
  attempt: Attempt,
  sentId: string,
  lastEventId: string | undefined,
): Promise<URL> {
  const url = parseUrl(await resolveValue(input, attempt))
  if (idParameter && lastEventId !== undefined) setParameter(url, idParameter, sentId)
  return url
}

/** Replaces a parameter, or removes it if the value is empty. All others stay byte for byte, because a signature may cover them. */
function setParameter(url: URL, name: string, value: string): void {
  const pairs = url.search.split(/[?&]/).filter((pair) => pair && !new URLSearchParams(pair).has(name))
  if (value) pairs.push(String(new URLSearchParams([[name, value]])))
  url.search = pairs.join('&')
}

/** Resolves the method of a connection, in upper case. */
export async function resolveMethod({ method }: RequestSettings, attempt: Attempt): Promise<string> {
  return (await resolveValue(method, attempt)).toUpperCase()
}

/** Whether a request with this method may have a body (Fetch standard, `Request` constructor). */
export function takesBody(method: string): boolean {
  return !/^(GET|HEAD)$/.test(method)
}

/** Resolves the caller's headers: values by lower-case name. */
export async function resolveHeaders(
  { headers }: RequestSettings,
  attempt: Attempt,
): Promise<Record<string, string>> {
  return parseHeaders(await resolveValue(headers, attempt))
}

/** The bytes of a body, and its content type. */
export interface ResolvedBody {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly type: string | null
}

/** Resolves the body of a connection. Undefined if there is none. */
export async function resolveBody(
  settings: RequestSettings,
  attempt: Attempt,
  method: string,
): Promise<ResolvedBody | undefined> {
  const input = takesBody(method) ? await resolveValue(settings.body, attempt) : undefined
  if (input === undefined) return undefined
  // `Response` knows every kind of body and its content type.
  const response = new Response(input as ConstructorParameters<typeof Response>[0])
  // Bun gives a string no type, and forgets the type of everything else once the body is read.
  const type = typeof input === 'string' ? 'text/plain;charset=UTF-8' : response.headers.get('content-type')
  return { bytes: new Uint8Array(await response.arrayBuffer()), type }
}

/**
 * Creates the headers of a request: all, and those for another origin, without everything that the caller set.
 * `lastEventId` is undefined until the caller or the stream sets one: only then the caller's own header is sent.
 */
export function createHeaders(
  { accept, idParameter }: RequestSettings,
  callers: Readonly<Record<string, string>>,
  body: ResolvedBody | undefined,
  sentId: string,
  lastEventId: string | undefined,
): Pick<TransportRequest, 'headers' | 'crossOriginHeaders'> {
  const own: Record<string, string> = { accept }
  const headers = { ...own, ...callers }
  if (lastEventId !== undefined) delete headers['last-event-id']
  if (sentId && !idParameter) headers['last-event-id'] = own['last-event-id'] = byteString(sentId)
  if (body?.type) headers['content-type'] ??= body.type
  return { headers, crossOriginHeaders: own }
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
