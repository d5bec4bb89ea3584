import { createScriptedServer } from '@rxsse/testing'
import { VirtualClock } from '@rxsse/testing/virtual-time'
import { Subject, type Subscription, takeUntil } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { type EventSourceOptions, fromEventSource } from '../index.ts'

/** Options that call back, and unsubscribe when they are called for the `nth` time. */
type Callback = (unsubscribe: () => void) => EventSourceOptions

function after<T>(unsubscribe: () => void, value: T): T {
  unsubscribe()
  return value
}

const callbacks: Record<string, Callback> = {
  'a loader of the last event ID': (unsubscribe) => ({
    // It fails, so that it is asked again by each connection.
    lastEventId() {
      unsubscribe()
      throw new Error('busy')
    },
  }),
  'a state observer': (unsubscribe) => ({ state: { next: unsubscribe } }),
  'a header factory': (unsubscribe) => ({ headers: () => after(unsubscribe, {}) }),
  'a method factory': (unsubscribe) => ({ method: () => after(unsubscribe, 'GET') }),
  'a body factory': (unsubscribe) => ({
    method: 'POST',
    body: () => after(unsubscribe, '{}'),
    reconnect: { unsafeMethods: true },
  }),
  decide: (unsubscribe) => ({ reconnect: { decide: () => after(unsubscribe, 'retry') } }),
  'a cursor observer': (unsubscribe) => ({ cursor: { next: unsubscribe } }),
  'a comments observer': (unsubscribe) => ({ comments: { next: unsubscribe } }),
  'a warnings observer': (unsubscribe) => ({ warnings: { next: unsubscribe } }),
  until: (unsubscribe) => ({ until: () => after(unsubscribe, false) }),
  'a source of jitter': (unsubscribe) => ({ random: () => after(unsubscribe, 0) }),
}

describe.each(Object.entries(callbacks))('%s that unsubscribes at once', (name, createOptions) => {
  for (const nth of [1, 2, 3]) {
    it(`at its call ${nth} leaves no connection and no timer`, async () => {
      await using server = await createScriptedServer(({ index }) => ({
        status: 200,
        body: [
          `: c\n\nretry: x\nid: ${index}\ndata: a\n\nevent: gap\ndata: b\n\n`,
          ...(index < 4 ? [] : ['HOLD' as const]),
        ],
      }))
      const clock = new VirtualClock()
      const stop = new Subject<void>()
      let calls = 0
      let subscription: Subscription | undefined
      const options = createOptions(() => {
        if (++calls < nth) return
        stop.next()
        subscription?.unsubscribe()
      })
      const time = setInterval(() => clock.advanceBy(60_000), 1)
      subscription = fromEventSource(server.url, { scheduler: clock, ...options })
        .pipe(takeUntil(stop))
        .subscribe()
      await expect.poll(() => calls).toBeGreaterThanOrEqual(nth)
      await new Promise((resolve) => setTimeout(resolve, 30))
      clearInterval(time)
      // The state is told once more: that it is closed.
      expect(calls).toBe(name === 'a state observer' ? nth + 1 : nth)
      expect(clock.timers).toBe(0)
      await Promise.all(server.requests.map(({ index }) => server.closed(index)))
    })
  }
})
