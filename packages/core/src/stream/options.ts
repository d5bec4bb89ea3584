import {
  type Duration,
  type MaybePromise,
  optionError,
  parseTimeout,
  requireNumber,
  type SseEvent,
} from '@rxsse/shared'
import { asyncScheduler, type NextObserver, type Observable, type SchedulerLike } from 'rxjs'
import { checkMembers } from '#platform'
import type { Gate } from '../flow/gate.ts'
import { parseHeaders } from '../request/headers.ts'
import { takesBody } from '../request/request.ts'
import type {
  BodyInput,
  HeadersInput,
  PerAttempt,
  RequestSettings,
  UrlInput,
} from '../request/request-options.ts'
import { parseUrl } from '../request/url.ts'
import type { OtherContent } from '../response/other-content.ts'
import type { Transport } from '../transport/transport.ts'
import { type Clock, createClock } from './clock.ts'
import { type ReconnectOptions, type ReconnectPolicy, resolveReconnect } from './reconnect.ts'
import type { ConnectionState } from './state.ts'
import type { Warning } from './warnings.ts'

/** The ID to start from, or what loads it, such as a checkpoint. undefined, null and `''`: the server chooses the start. */
export type StartId =
  | string
  | null
  | (() => MaybePromise<string | null | undefined>)
  | { load(): MaybePromise<string | null | undefined> }

/** The options of `fromEventSource`. */
export interface EventSourceOptions<E extends string = string> {
  /** The HTTP method. A function makes it for each connection: POST first, then GET to resume. Default `'GET'`. */
  readonly method?: PerAttempt<string>
  /** Sent with `Accept: text/event-stream`, which they may replace. The tracked last event ID replaces a `Last-Event-ID` of theirs. */
  readonly headers?: PerAttempt<HeadersInput>
  /** The body of the request, as `fetch` takes it. It is left out if a `method` function answers GET. Default: none. */
  readonly body?: PerAttempt<BodyInput | undefined>
  /** The event types to deliver. The notices of a sink (`gap`, `lagged`) always pass. Default: all. */
  readonly events?: readonly E[]
  /** Where to start. A loader runs once, before the first connection. */
  readonly lastEventId?: StartId
  /** How the server gets the last event ID: in the header, or in a query parameter if its CORS rules refuse the header. Default `'header'`. */
  readonly lastEventIdIn?: 'header' | { readonly query: string }
  /** `false` for a single response, such as an LLM or MCP stream. The Observable then completes when the response ends properly. */
  readonly reconnect?: false | ReconnectOptions
  /** When a connection is given up. `false` for never. */
  readonly timeouts?: {
    /**
     * From the start of a connection until it stands: factories, name, TCP and TLS. Default `'30s'`. If the transport cannot
     * tell, as `fetch` cannot, only `head` counts.
     */
    readonly connect?: Duration | false
    /** From there to the head of the response, redirects included. Default `'5m'`. */
    readonly head?: Duration | false
    /** The longest time without a byte. Comments count. Default false. */
    readonly idle?: Duration | false
  }
  /**
   * Aborts the stream: the connection closes at once, and the Observable errors with `aborted`. If it is aborted already,
   * nothing is sent.
   */
  readonly signal?: AbortSignal
  /**
   * Completes the stream with the event for which it returns true. That event is delivered. In a single response, an end before
   * it is the error `incomplete`. If it throws, the stream errors with `request`.
   */
  readonly until?: (event: SseEvent) => boolean
  /**
   * Delivers a last event without its empty line, at the proper end of a response. The standard drops it, and a single response
   * then errors with `incomplete`. Default false.
   */
  readonly deliverUnfinished?: boolean
  /**
   * Each value makes a waiting stream connect now, but not before `minDelay` has passed, nor before a `Retry-After`. One that
   * comes while a stream connects counts if that fails. If it errors, so does the stream. Subscribed to once for each stream.
   */
  readonly wake?: Observable<unknown>
  /**
   * Makes events of bodies that are no event stream, by media type in lower case. The body may take `maxEventSize` bytes. The
   * default `Accept` header names these types too. If a function throws, the stream errors with `content-type`.
   */
  readonly otherContent?: OtherContent
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
  /**
   * Gets each last event ID that the stream sets, also from filtered events and from blocks without data, after everything up
   * to it has been delivered. This is what a checkpoint saves if events are handled at once. Only `next` is called.
   */
  readonly cursor?: NextObserver<string>
  /** Gets what is no error and should not be silent. Only `next` is called. */
  readonly warnings?: NextObserver<Warning>
  /** How requests are sent. Default: undici's dispatch on Node, `fetch` elsewhere. */
  readonly transport?: Transport
  /** The clock for every delay and timeout. Default `asyncScheduler`. */
  readonly scheduler?: SchedulerLike
  /** The source of jitter: numbers from 0 up to, but not including, 1. Default `Math.random`. */
  readonly random?: () => number
}

/** What a connection waits for: to stand, for the head of the response, and for the next byte. */
export type Phase = 'connect' | 'head' | 'idle'

/** The options with every default in place. Times are in milliseconds. */
export interface Settings
  extends RequestSettings,
    Pick<
      EventSourceOptions,
      | 'lastEventId'
      | 'signal'
      | 'until'
      | 'deliverUnfinished'
      | 'wake'
      | 'otherContent'
      | 'gate'
      | 'state'
      | 'comments'
      | 'cursor'
      | 'warnings'
    > {
  readonly types: ReadonlySet<string> | undefined
  readonly policy: ReconnectPolicy
  /** The `timeouts`. Undefined for never. */
  readonly limits: Readonly<Record<Phase, number | undefined>>
  readonly maxEventSize: number
  readonly transport: Transport
  readonly clock: Clock
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
  checkMembers(options)
  const { events, headers = {}, lastEventIdIn = 'header', timeouts = {}, redirect = 'follow' } = options
  const { otherContent = {} } = options
  const method =
    typeof options.method === 'function' ? options.method : (options.method ?? 'GET').toUpperCase()
  // A string has no `query`.
  const { query: idParameter } = lastEventIdIn as { readonly query?: string }
  if (lastEventIdIn !== 'header' && !idParameter) {
    throw optionError('lastEventIdIn', "'header' or { query: name }", lastEventIdIn)
  }
  if (!/^(follow|error)$/.test(redirect)) throw optionError('redirect', "'follow' or 'error'", redirect)
  if (options.body !== undefined && typeof method === 'string' && !takesBody(method)) {
    throw new TypeError(`body needs a method such as POST, not ${method}`)
  }
  return {
    ...options,
    url: typeof url === 'function' ? url : parseUrl(url).href,
    headers: typeof headers === 'function' ? headers : parseHeaders(headers),
    method,
    types: resolveTypes(events),
    idParameter,
    policy: resolveReconnect(options.reconnect ?? {}),
    accept: ['text/event-stream', ...Object.keys(otherContent)].join(', '),
    limits: {
      connect: parseLimit(timeouts.connect ?? 30_000, 'connect'),
      head: parseLimit(timeouts.head ?? 300_000, 'head'),
      idle: parseLimit(timeouts.idle ?? false, 'idle'),
    },
    maxEventSize: requireNumber(options.maxEventSize ?? 16 * 2 ** 20, 'maxEventSize', 1),
    redirect,
    transport: options.transport ?? createTransport(),
    clock: createClock(options.scheduler ?? asyncScheduler),
    random: options.random ?? Math.random,
  }
}

function parseLimit(value: Duration | false, phase: Phase): number | undefined {
  return value === false ? undefined : parseTimeout(value, `timeouts.${phase}`)
}

/** The types to deliver. Undefined for all. */
export function resolveTypes(events: readonly string[] | undefined): ReadonlySet<string> | undefined {
  if (typeof events === 'string') throw optionError('events', 'a list', events)
  return events && new Set([...events, ...NOTICES])
}
