import type { ObservableInput } from 'rxjs'
import type { SinkResponse } from '../http/response.ts'
import { toJson } from '../wire/json.ts'

export interface ReplyOptions {
  /** Default 200, or 204 if there is nothing to send. */
  readonly status?: number
  /** Headers such as `{'mcp-session-id': id}`. They replace those of the content. */
  readonly headers?: Readonly<Record<string, string>>
}

/** What a project function answers with, besides the messages alone. */
export class Reply<M = unknown> {
  readonly content: ObservableInput<M> | string | Uint8Array | object | number | boolean | null | undefined
  readonly status: number | undefined
  readonly headers: Readonly<Record<string, string>>

  constructor(content: Reply<M>['content'], { status, headers = {} }: ReplyOptions) {
    this.content = content
    this.status = status
    this.headers = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
    )
  }
}

/**
 * Answers with a status and headers: `reply(messages, {headers})`, `reply(undefined, {status: 202})`.
 *
 * An Observable, an async iterable or a ReadableStream is sent as an event stream. Text is sent as
 * plain text, bytes as they are, and any other value as JSON. A value that JSON would make `{}` of,
 * such as a `Map`, is an error.
 */
export function reply<M>(content: Reply<M>['content'], options: ReplyOptions = {}): Reply<M> {
  return new Reply<M>(content, options)
}

/** The whole response of a reply that is no stream; undefined if it is one. */
export function createPlainReply({ content, status, headers }: Reply): SinkResponse | undefined {
  if (isMessages(content)) return undefined
  if (content === undefined) return { status: status ?? 204, headers: { ...NOT_STORED, ...headers } }
  const [type, body] = encodeContent(content)
  return { status: status ?? 200, headers: { 'content-type': type, ...NOT_STORED, ...headers }, body }
}

function encodeContent(content: unknown): [type: string, body: string | Uint8Array<ArrayBuffer>] {
  if (typeof content === 'string') return ['text/plain; charset=utf-8', content]
  if (content instanceof Uint8Array) return ['application/octet-stream', new Uint8Array(content)]
  if (content instanceof ArrayBuffer) return ['application/octet-stream', new Uint8Array(content.slice())]
  if (content instanceof Reply) throw new TypeError('the content of a reply is a reply; give its content')
  return ['application/json', toJson(content, 'the content of a reply')]
}

/** Whether the content is messages: an array of them would be a JSON value just as well. */
function isMessages(content: unknown): boolean {
  if (typeof content !== 'object' || content === null) return false
  return Symbol.asyncIterator in content || 'getReader' in content || isObservable(content)
}

function isObservable(content: object): boolean {
  return 'subscribe' in content || Symbol.for('observable') in content || '@@observable' in content
}

const NOT_STORED = { 'cache-control': 'no-store' }
