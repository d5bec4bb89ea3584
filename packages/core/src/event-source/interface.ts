import type { EventSourceOptions } from '../stream/options.ts'
import type { ErrorEvent } from './error-event.ts'

/** The HTML standard's `EventSource`. Assignable to the `EventSource` of TypeScript's DOM library. */
export interface EventSourceInstance extends EventTarget {
  readonly CONNECTING: 0
  readonly OPEN: 1
  readonly CLOSED: 2
  /** 0 while it connects or waits to, 1 while events can come, 2 once it is over for good. */
  readonly readyState: number
  /** The URL as it was given, resolved. A redirect does not change it. */
  readonly url: string
  /** Whether a browser sends cookies to another origin as well. */
  readonly withCredentials: boolean
  /** The stream is open. */
  onopen: ((this: EventSourceInstance, event: Event) => unknown) | null
  /** An event of type `message`. */
  onmessage: ((this: EventSourceInstance, event: MessageEvent) => unknown) | null
  /** A lost connection. `readyState` says whether another one follows. */
  onerror: ((this: EventSourceInstance, event: ErrorEvent) => unknown) | null

  addEventListener<K extends keyof EventSourceEventMap>(
    type: K,
    listener: (this: EventSourceInstance, event: EventSourceEventMap[K]) => unknown,
    options?: ListenerOptions,
  ): void
  addEventListener(
    type: string,
    listener: (this: EventSourceInstance, event: MessageEvent) => unknown,
    options?: ListenerOptions,
  ): void
  addEventListener(type: string, listener: Listener, options?: ListenerOptions): void

  removeEventListener<K extends keyof EventSourceEventMap>(
    type: K,
    listener: (this: EventSourceInstance, event: EventSourceEventMap[K]) => unknown,
    options?: ListenerOptions,
  ): void
  removeEventListener(
    type: string,
    listener: (this: EventSourceInstance, event: MessageEvent) => unknown,
    options?: ListenerOptions,
  ): void
  removeEventListener(type: string, listener: Listener, options?: ListenerOptions): void

  /** Closes the connection at once. Nothing is dispatched after it. */
  close(): void
}

/** What `new EventSource(url, init)` is called on. */
export interface EventSourceConstructor {
  readonly prototype: EventSourceInstance
  new (url: string | URL, init?: EventSourceInit): EventSourceInstance
  readonly CONNECTING: 0
  readonly OPEN: 1
  readonly CLOSED: 2
}

/** The types of the events that every `EventSource` dispatches. */
export interface EventSourceEventMap {
  open: Event
  message: MessageEvent
  error: ErrorEvent
}

/**
 * The second argument of the constructor: the standard's `withCredentials`, and as an extension
 * `fetch` and the options of `fromEventSource`.
 *
 * Two defaults differ, because the standard says so. `reconnect.decide` is `strictDecide`, and a
 * request that was aborted is final. The delay starts at `'3s'` and gets up to a tenth of jitter.
 */
export interface EventSourceInit extends Omit<EventSourceOptions, 'gate'> {
  /** In a browser: whether cookies go to another origin as well. Default false. */
  readonly withCredentials?: boolean
  /**
   * Makes the requests: to add headers, go through a proxy, or test. It follows redirects by its own
   * rules: the platform's `fetch` drops `Authorization` at another origin, and no other header.
   * Default: the transport of `fromEventSource`.
   */
  readonly fetch?: FetchLike
}

/** A `fetch`, in so far as this package uses it. */
export type FetchLike = (url: string, init: FetchInit) => Promise<FetchResponse>

/** What {@link FetchLike} is called with. To be handed on to `fetch`. */
export interface FetchInit {
  method: string
  /** By lower-case name. */
  headers: Record<string, string>
  body?: Uint8Array<ArrayBuffer>
  redirect: 'follow' | 'error' | 'manual'
  signal: AbortSignal
  cache?: 'no-store'
  credentials?: 'include' | 'omit' | 'same-origin'
}

/** The parts of a `Response` that are used. */
export interface FetchResponse {
  readonly status: number
  /** Where it comes from, after redirects. */
  readonly url: string
  readonly headers: Iterable<[string, string]>
  /** A web stream of bytes. */
  readonly body: { getReader(): object } | null
}

type Listener = Parameters<EventTarget['addEventListener']>[1]
type ListenerOptions = Parameters<EventTarget['addEventListener']>[2]
