import { type Duration, type MaybePromise, optionError, parseTimeout, requireNumber } from '@rxsse/shared'
import { asyncScheduler, type NextObserver, type SchedulerLike } from 'rxjs'
import type { Gate } from '../flow/gate.ts'
import { parseHeaders } from '../request/headers.ts'
import type {
  BodyInput,
  HeadersInput,
  PerAttempt,
  RequestSettings,
  UrlInput,
} from '../request/request-options.ts'
import { parseUrl } from '../request/url.ts'
import type { Transport } from '../transport/transport.ts'
import { type ReconnectOptions, type ReconnectPolicy, resolveReconnect } from './reconnect.ts'
import type { ConnectionState } from './state.ts'

/** The ID to start from, or what loads it, such as a checkpoint. undefined and `''`: the server chooses the start. */
export type StartId =
  | string
  | (() => MaybePromise<string | undefined>)
  | { load(): MaybePromise<string | undefined> }

/** The options of `fromEventSource`. */
export interface EventSourceOptions<E extends string = string> {
  /** The HTTP method. Default `'GET'`. */
  readonly method?: string
  /** Sent with `Accept: text/event-stream`, which they may replace. The tracked last event ID replaces a `Last-Event-ID` of theirs. */
  readonly headers?: PerAttempt<HeadersInput>
  /** The body of the request, as `fetch` takes it. Default: none. */
  readonly body?: PerAttempt<BodyInput | undefined>
  /** The event types to deliver. The notices of a sink (`gap`, `lagged`) always pass. Default: all. */
  readonly events?: readonly E[]
  /** Where to start. A loader runs once, before the first connection. */
  readonly lastEventId?: StartId
  /** How the server gets the last event ID: in the header, or in a query parameter if its CORS rules refuse the header. Default `'header'`. */
  readonly lastEventIdIn?: 'header' | { readonly query: string }
  /** `false` for a single response, such as an LLM or MCP stream. The Observable then completes when the response ends properly. */
  readonly reconnect?: false | ReconnectOptions
  /** When a connection is given up. */
  readonly timeouts?: {
    /** From the start of a connection to the head of the response, factories and redirects included. Default `'30s'`. */
    readonly connect?: Duration
    /** The longest time without a byte. Comments count. Default false. */
    readonly idle?: Duration | false
  }
  /** The most bytes that one event may take on the wire. A larger one errors the stream. Default 16 MiB. */
  readonly maxEventSize?: number
  /** Whether redirects are followed, or fail the connection. Default `'follow'`. */
  readonly redirect?: 'follow' | 'error'
  /** While it is shut, the socket is not read and the idle timeout stands still. `createFlowGate` makes one. Default: none. */
  readonly gate?: Gate
  /** Gets each change of the connection. Only `next` is called. */
  readonly state?: NextObserver<ConnectionState>
  /** Gets each comment line, without its colon. Only `next` is called. */
  readonly comments?: NextObserver<string>
  /** How requests are sent. Default: undici's dispatch on Node, `fetch` elsewhere. */
  readonly transport?: Transport
  /** The clock for every delay and timeout. Default `asyncScheduler`. */
  readonly scheduler?: SchedulerLike
  /** The source of jitter: numbers from 0 up to, but not including, 1. Default `Math.random`. */
  readonly random?: () => number
}

/** The options with every default in place. Times are in milliseconds. */
export interface Settings
  extends RequestSettings,
    Pick<EventSourceOptions, 'lastEventId' | 'gate' | 'state' | 'comments'> {
  readonly types: ReadonlySet<string> | undefined
  readonly policy: ReconnectPolicy
  readonly connectTimeout: number
  readonly idleTimeout: number | undefined
  readonly maxEventSize: number
  readonly transport: Transport
  readonly scheduler: SchedulerLike
  readonly random: () => number
}

/** The types of a sink's own notices about the stream (`@rxsse/server`). Without them, a loss would be silent. */
export type Notice = 'gap' | 'lagged'

const NOTICES: readonly Notice[] = ['gap', 'lagged']

/** Checks the options and fills in the defaults. */
export function resolveOptions(
  url: UrlInput,
  options: EventSourceOptions,
  createTransport: () => Transport,
): Settings {
  const { events, headers = {}, lastEventIdIn = 'header', timeouts = {}, redirect = 'follow' } = options
  const { connect = 30_000, idle = false } = timeouts
  const method = (options.method ?? 'GET').toUpperCase()
  // A string has no `query`.
  const { query: idParameter } = lastEventIdIn as { readonly query?: string }
  if (lastEventIdIn !== 'header' && !idParameter) {
    throw optionError('lastEventIdIn', "'header' or { query: name }", lastEventIdIn)
  }
  if (!/^(follow|error)$/.test(redirect)) throw optionError('redirect', "'follow' or 'error'", redirect)
  if (typeof events === 'string') throw optionError('events', 'a list', events)
  if (options.body !== undefined && /^(GET|HEAD)$/.test(method)) {
    throw new TypeError(`body needs a method such as POST, not ${method}`)
  }
  return {
    ...options,
    url: typeof url === 'function' ? url : parseUrl(url).href,
    headers: typeof headers === 'function' ? headers : parseHeaders(headers),
    method,
    types: events && new Set([...events, ...NOTICES]),
    idParameter,
    policy: resolveReconnect(options.reconnect ?? {}, method),
    connectTimeout: parseTimeout(connect, 'timeouts.connect'),
    idleTimeout: idle === false ? undefined : parseTimeout(idle, 'timeouts.idle'),
    maxEventSize: requireNumber(options.maxEventSize ?? 16 * 2 ** 20, 'maxEventSize', 1),
    redirect,
    transport: options.transport ?? createTransport(),
    scheduler: options.scheduler ?? asyncScheduler,
    random: options.random ?? Math.random,
  }
}
