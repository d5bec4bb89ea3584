import type { NextObserver, SchedulerLike } from 'rxjs'
import { asyncScheduler } from 'rxjs'
import { atLeast } from './at-least.ts'
import { type Duration, milliseconds } from './duration.ts'
import type { EventSourceError } from './errors.ts'
import { type ReconnectOptions, type ReconnectPolicy, reconnectPolicy } from './reconnect.ts'
import { headerFields, parseUrl } from './request.ts'
import type { ConnectionState } from './state.ts'
import type { Transport } from './transport/transport.ts'

export type MaybePromise<T> = T | Promise<T>

/** What a factory knows of the connection it is called for. */
export interface Attempt {
  /** Which connection of the subscription it is, from 1. */
  readonly number: number
  /** The stream's cursor; `''` where there is none. */
  readonly lastEventId: string
  /** How the connection before ended, where that was with an error: a 401, say. */
  readonly previousError?: EventSourceError
}

/** A value, or what makes one anew for every connection. */
export type PerAttempt<T> = T | ((attempt: Attempt) => MaybePromise<T>)

/** An http or https URL; in a browser also one relative to the page. */
export type UrlInput = PerAttempt<string | URL>

/** Headers by name (an undefined value is left out), or as pairs, such as a `Headers` object. */
export type HeadersInput = Readonly<Record<string, string | undefined>> | Iterable<readonly [string, string]>

/** What `fetch` takes as a body. A `ReadableStream` can be sent once only: give a function that makes one. */
export type BodyInput =
  | string
  | Uint8Array<ArrayBuffer>
  | ArrayBuffer
  | URLSearchParams
  | Blob
  | FormData
  | ReadableStream<Uint8Array<ArrayBuffer>>

/** Where a stream starts: an id, or what loads one, as a checkpoint does; undefined and `''` are the stream's own start. */
export type StartId =
  | string
  | (() => MaybePromise<string | undefined>)
  | { load(): MaybePromise<string | undefined> }

/** Holds a stream back. While shut, its socket is not read, so that TCP slows the server down. */
export interface Gate {
  /** Whether it is shut now. */
  readonly shut: boolean
  /** Tells each change of `shut`. */
  readonly changes: { subscribe(next: (shut: boolean) => void): { unsubscribe(): void } }
}

/** The options of `fromEventSource`. */
export interface EventSourceOptions<E extends string = string> {
  /** Default `'GET'`. */
  readonly method?: string
  /** Sent beside `Accept: text/event-stream`, which they may replace. A `Last-Event-ID` among them never beats the tracked one. */
  readonly headers?: PerAttempt<HeadersInput>
  /** As `fetch` takes it. Default: none. */
  readonly body?: PerAttempt<BodyInput | undefined>
  /** The types to deliver; others are dropped before anything is made of them. A sink's own notices (`gap`, `lagged`) always pass. Default: all. */
  readonly events?: readonly E[]
  /** Where to start. A loader runs once, before the first connection. */
  readonly lastEventId?: StartId
  /** How the cursor is told to the server: as the header, or as a query parameter for servers whose CORS refuses the header. Default `'header'`. */
  readonly lastEventIdIn?: 'header' | { readonly query: string }
  /** `false` for a single response, as LLM and MCP streams are: its proper end completes the Observable. */
  readonly reconnect?: false | ReconnectOptions
  /** How long to wait for what. */
  readonly timeouts?: {
    /** From the start of a connection to its response head, factories and redirects included. Default `'30s'`. */
    readonly connect?: Duration
    /** Without a byte, comments included, for so long, the connection is given up. Default false. */
    readonly idle?: Duration | false
  }
  /** Bytes one event may take on the wire. A larger one errors the stream. Default 16 MiB. */
  readonly maxEventSize?: number
  /** Default `'follow'`. */
  readonly redirect?: 'follow' | 'error'
  /** While it is shut, the socket is not read, and the idle clock stands still. `createFlowGate` makes one. Default: none. */
  readonly gate?: Gate
  /** Told of each change of the connection. Only `next` is called. */
  readonly state?: NextObserver<ConnectionState>
  /** Told of each comment line, without its colon. Only `next` is called. */
  readonly comments?: NextObserver<string>
  /** Default: undici's dispatch on Node, `fetch` elsewhere. */
  readonly transport?: Transport
  /** The clock for every delay and timeout. Default `asyncScheduler`. */
  readonly scheduler?: SchedulerLike
  /** The source of jitter, numbers from [0, 1). Default `Math.random`. */
  readonly random?: () => number
}

/** The options with every default in place. */
export interface Settings
  extends Pick<EventSourceOptions, 'body' | 'lastEventId' | 'gate' | 'state' | 'comments'> {
  readonly url: UrlInput
  readonly headers: PerAttempt<HeadersInput>
  readonly method: string
  readonly types: ReadonlySet<string> | undefined
  readonly idParameter: string | undefined
  readonly policy: ReconnectPolicy
  readonly connectTimeout: number
  readonly idleTimeout: number | undefined
  readonly maxEventSize: number
  readonly redirect: 'follow' | 'error'
  readonly transport: Transport
  readonly scheduler: SchedulerLike
  readonly random: () => number
}

/** Notices that a sink of `@rxsse/server` sends about the stream itself: without them a loss would be silent. */
export type Notice = 'gap' | 'lagged'

export function resolveOptions(
  url: UrlInput,
  options: EventSourceOptions,
  transport: () => Transport,
): Settings {
  const {
    events,
    headers = {},
    lastEventIdIn = 'header',
    timeouts = {},
    maxEventSize = 16 * 2 ** 20,
    redirect = 'follow',
  } = options
  const { connect = 30_000, idle = false } = timeouts
  const method = (options.method ?? 'GET').toUpperCase()
  // A text has none.
  const { query: idParameter } = lastEventIdIn as { readonly query?: string }
  if (lastEventIdIn !== 'header' && !idParameter) {
    throw new TypeError("lastEventIdIn must be 'header' or { query: name }")
  }
  if (!/^(follow|error)$/.test(redirect)) {
    throw new TypeError(`redirect must be 'follow' or 'error', not ${redirect}`)
  }
  if (typeof events === 'string') throw new TypeError('events must be a list, not a string')
  if (options.body !== undefined && /^(GET|HEAD)$/.test(method)) {
    throw new TypeError(`body needs a method such as POST, not ${method}`)
  }
  return {
    ...options,
    url: typeof url === 'function' ? url : parseUrl(url).href,
    headers: typeof headers === 'function' ? headers : headerFields(headers),
    method,
    types: events && new Set<string>([...events, 'gap', 'lagged'] satisfies (string | Notice)[]),
    idParameter,
    policy: reconnectPolicy(options.reconnect ?? {}, method),
    connectTimeout: milliseconds(connect, 'timeouts.connect'),
    idleTimeout: idle === false ? undefined : milliseconds(idle, 'timeouts.idle'),
    maxEventSize: atLeast(1, maxEventSize, 'maxEventSize'),
    redirect,
    transport: options.transport ?? transport(),
    scheduler: options.scheduler ?? asyncScheduler,
    random: options.random ?? Math.random,
  }
}
