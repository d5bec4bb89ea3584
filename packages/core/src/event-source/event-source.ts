import type { Subscription } from 'rxjs'
import type { EventSourceError } from '../errors/event-source-error.ts'
import { fromEventSource } from '../stream/from-event-source.ts'
import { notify } from '../stream/notify.ts'
import type { EventSourceOptions } from '../stream/options.ts'
import { ErrorEvent } from './error-event.ts'
import { EventHandler } from './event-handler.ts'
import type { EventSourceConstructor, EventSourceInit, EventSourceInstance } from './interface.ts'
import { createMessageEvent } from './message-event.ts'
import { queueTask } from './queue-task.ts'
import { resolveInit } from './resolve-init.ts'
import { subscribeInTasks } from './subscribe-in-tasks.ts'
import { findFlaw, parseUrl } from './url.ts'

const READY_STATES = { CONNECTING: 0, OPEN: 1, CLOSED: 2 } as const
const { CONNECTING, OPEN, CLOSED } = READY_STATES

// Exported as `EventSource` below, by its interface: TypeScript takes a class with private members for
// no other `EventSource`.
class Implementation extends EventTarget {
  readonly #url: URL
  readonly #withCredentials: boolean
  readonly #onopen = new EventHandler<this, Event>(this, 'open')
  readonly #onmessage = new EventHandler<this, MessageEvent>(this, 'message')
  readonly #onerror = new EventHandler<this, ErrorEvent>(this, 'error')
  #readyState: number = CONNECTING
  #subscription: Subscription | undefined

  constructor(url: string | URL, init: EventSourceInit | null = {}) {
    super()
    // biome-ignore lint/complexity/noArguments: `undefined` is a URL, and a missing one is none
    if (arguments.length === 0) throw new TypeError('EventSource needs a url')
    this.#url = parseUrl(url)
    this.#withCredentials = Boolean(init?.withCredentials)
    const flaw = findFlaw(this.#url)
    if (flaw) queueTask(() => this.#change(CLOSED, new ErrorEvent('error', { message: flaw })))
    else this.#connect(init ?? {})
  }

  get url(): string {
    return this.#url.href
  }
  get withCredentials(): boolean {
    return this.#withCredentials
  }
  get readyState(): number {
    return this.#readyState
  }
  get onopen(): EventHandler<this, Event>['value'] {
    return this.#onopen.value
  }
  set onopen(handler) {
    this.#onopen.value = handler
  }
  get onmessage(): EventHandler<this, MessageEvent>['value'] {
    return this.#onmessage.value
  }
  set onmessage(handler) {
    this.#onmessage.value = handler
  }
  get onerror(): EventHandler<this, ErrorEvent>['value'] {
    return this.#onerror.value
  }
  set onerror(handler) {
    this.#onerror.value = handler
  }

  close(): void {
    this.#readyState = CLOSED
    this.#subscription?.unsubscribe()
  }

  #connect(init: EventSourceInit): void {
    const options = resolveInit(init)
    const open = (own: EventSourceOptions) => fromEventSource(this.#url.href, { ...options, ...own })
    const { cursor } = init
    this.#subscription = subscribeInTasks(open, init.state, {
      onOpen: () => this.#change(OPEN, new Event('open')),
      onEvent: (event, origin) => this.#change(this.#readyState, createMessageEvent(event, origin)),
      ...(cursor && {
        onCursor: (id: string) => {
          if (this.#readyState !== CLOSED) notify(cursor, id)
        },
      }),
      onLost: (error) => this.#change(CONNECTING, createErrorEvent(error)),
      onOver: (error) => this.#change(CLOSED, createErrorEvent(error)),
    })
  }

  #change(readyState: number, event: Event): void {
    if (this.#readyState === CLOSED) return
    this.#readyState = readyState
    this.dispatchEvent(event)
  }
}

function createErrorEvent(error: EventSourceError | undefined): ErrorEvent {
  return new ErrorEvent('error', { code: error?.status, message: error?.message, error })
}

/** Adds what WebIDL gives an interface and JavaScript no class: constants, enumerable members, a name. */
function defineInterface(implementation: object): EventSourceConstructor {
  const EventSource = implementation as EventSourceConstructor
  const { prototype } = EventSource
  for (const target of [EventSource, prototype]) {
    for (const [name, value] of Object.entries(READY_STATES)) {
      Object.defineProperty(target, name, { value, enumerable: true })
    }
  }
  for (const name of ['url', 'withCredentials', 'readyState', 'onopen', 'onmessage', 'onerror', 'close']) {
    Object.defineProperty(prototype, name, { enumerable: true })
  }
  Object.defineProperty(EventSource, 'name', { value: 'EventSource', configurable: true })
  Object.defineProperty(prototype, Symbol.toStringTag, { value: 'EventSource', configurable: true })
  // By this, libraries see that `fetch` is an option, as it is of the npm package `eventsource`.
  Object.defineProperty(EventSource, Symbol.for('eventsource.supports-fetch-override'), { value: true })
  return EventSource
}

export type EventSource = EventSourceInstance

/**
 * The HTML standard's `EventSource` (9.2 "Server-sent events") over `fromEventSource`, with its
 * options in the second argument.
 *
 * In a browser, a page cannot tell a response that CORS forbids from a lost network. The browser's
 * own `EventSource` fails on the first; this one connects again. Elsewhere there is no store of
 * cookies, and `withCredentials` changes nothing.
 *
 * @throws SyntaxError (a `DOMException`) if the URL does not parse.
 * @throws TypeError that names the option with the wrong value.
 */
export const EventSource: EventSourceConstructor = /* @__PURE__ */ defineInterface(Implementation)
