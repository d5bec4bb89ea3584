import { fetchEventSource } from '@microsoft/fetch-event-source'
import { fromEventSource, strictDecide } from '@rxsse/core'
import type { HttpClient } from '@rxsse/testing'
import { EventSource } from 'eventsource'
import { createEventSource } from 'eventsource-client'
import { EventSource as UndiciEventSource } from 'undici'

/** The clients. Each gets those options of a case that it supports. */
export const CLIENTS: Readonly<Record<string, HttpClient>> = {
  '@rxsse/core': ({ url, initialDelayMs, ...options }, on) => {
    const subscription = fromEventSource(url, {
      ...options,
      reconnect: { initialDelay: initialDelayMs, decide: strictDecide, unsafeMethods: true },
      state: {
        next({ status }) {
          if (status === 'open') on.open()
          if (status === 'waiting') on.lost()
        },
      },
    }).subscribe({ next: on.event, error: () => on.failed(), complete: () => on.failed() })
    return () => subscription.unsubscribe()
  },

  eventsource: ({ url, method, headers, body }, on) => {
    const source = new EventSource(url, {
      fetch: (input, init) =>
        fetch(input, {
          ...init,
          ...(method && { method }),
          ...(body && { body }),
          headers: { ...init.headers, ...headers },
        }),
    })
    source.onopen = () => on.open()
    source.onmessage = on.event
    source.onerror = () => (source.readyState === EventSource.CLOSED ? on.failed() : on.lost())
    return () => source.close()
  },

  'undici EventSource': ({ url, initialDelayMs }, on) => {
    const source = new UndiciEventSource(url, { node: { reconnectionTime: initialDelayMs } })
    source.onopen = () => on.open()
    source.onmessage = on.event
    source.onerror = () => (source.readyState === UndiciEventSource.CLOSED ? on.failed() : on.lost())
    return () => source.close()
  },

  'eventsource-client': ({ url, method, headers, body, lastEventId }, on) => {
    const source = createEventSource({
      url,
      ...(method && { method }),
      ...(headers && { headers: { ...headers } }),
      ...(body && { body }),
      ...(lastEventId && { initialLastEventId: lastEventId }),
      onConnect: () => on.open(),
      onMessage: ({ event = 'message', data }) =>
        on.event({ type: event, data, lastEventId: source.lastEventId ?? '' }),
      onScheduleReconnect: () => on.lost(),
      // On a 204 it emits an error before it closes.
      onDisconnect: () => queueMicrotask(() => source.readyState === 'closed' && on.failed()),
    })
    return () => source.close()
  },

  'fetch-event-source': ({ url, initialDelayMs, lastEventId, ...options }, on) => {
    // It needs a browser's `window` for timers and `document` for visibility events.
    Object.assign(globalThis, { window: globalThis, document: { removeEventListener() {} } })
    const controller = new AbortController()
    // It reports an empty id both for an event without id and for a reset, so the cursor is the header it will send.
    let sent: Record<string, string> = {}
    let retry = initialDelayMs
    void fetchEventSource(url, {
      ...options,
      headers: { ...options.headers, ...(lastEventId && { 'last-event-id': lastEventId }) },
      openWhenHidden: true,
      signal: controller.signal,
      fetch(input, init) {
        sent = init?.headers as Record<string, string>
        return fetch(input, init)
      },
      async onopen({ status, headers }) {
        if (status !== 200 || !headers.get('content-type')?.startsWith('text/event-stream')) throw new Fatal()
        on.open()
      },
      onmessage({ event, data, retry: told }) {
        retry = told ?? retry
        on.event({ type: event || 'message', data, lastEventId: sent['last-event-id'] ?? '' })
      },
      onclose() {
        throw new Error('retry after a regular end, as its README recommends')
      },
      onerror(error) {
        if (error instanceof Fatal) throw error
        on.lost()
        return retry
      },
    }).catch(() => on.failed())
    return () => controller.abort()
  },
}

class Fatal extends Error {}
