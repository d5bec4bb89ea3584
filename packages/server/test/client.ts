import { type EventSourceOptions, fromEventSource, type SseEvent } from '@rxsse/core'
import { onTestFinished } from 'vitest'

/** A client that reconnects, and everything it has got. */
export interface Client {
  readonly events: readonly SseEvent[]
  /** How many connections it has had. */
  readonly connections: number
  readonly errors: readonly unknown[]
  data(): string[]
  leave(): void
}

/** Resolves when the stream is open. */
export async function openClient(url: string, options: EventSourceOptions = {}): Promise<Client> {
  const events: SseEvent[] = []
  const errors: unknown[] = []
  let connections = 0
  let opened: () => void = () => {}
  const isOpen = new Promise<void>((resolve) => {
    opened = resolve
  })
  const subscription = fromEventSource(url, {
    reconnect: { initialDelay: 20, maxDelay: 200, minDelay: 10 },
    ...options,
    state: {
      next({ status }) {
        if (status !== 'open') return
        connections++
        opened()
      },
    },
  }).subscribe({ next: (event) => events.push(event), error: (error) => errors.push(error) })
  onTestFinished(() => subscription.unsubscribe())
  await isOpen
  return {
    events,
    errors,
    get connections() {
      return connections
    },
    data: () => events.filter(({ type }) => type !== 'gap').map(({ data }) => data),
    leave: () => subscription.unsubscribe(),
  }
}
