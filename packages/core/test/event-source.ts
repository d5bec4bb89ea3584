import { once } from 'node:events'
import {
  type Attempt,
  createScriptedServer,
  type Script,
  type ScriptedServer,
  type Step,
} from '@rxsse/testing'
import { expect, onTestFinished } from 'vitest'
import { type ErrorEvent, EventSource, type EventSourceInit } from '../src/event-source/index.ts'

/** A reconnection time that tests can wait for. */
export const SOON = { initialDelay: 10, jitter: 0 }

/** What an EventSource dispatched: type, `readyState` at that moment, and data or code. */
export type Dispatched = readonly (string | number | undefined)[]

export interface Listening {
  readonly events: Event[]
  readonly dispatched: Dispatched[]
  /** Resolves when that many events have been dispatched. */
  received(count: number): Promise<void>
}

/** Listens to `open`, `message`, `error` and `types`, and records. */
export function listen(source: EventSource, ...types: string[]): Listening {
  const events: Event[] = []
  const dispatched: Dispatched[] = []
  for (const type of ['open', 'message', 'error', ...types]) {
    source.addEventListener(type, (event: Event) => {
      const { data, code } = event as Event & { data?: string } & ErrorEvent
      events.push(event)
      dispatched.push([type, source.readyState, ...(type === 'open' ? [] : [data ?? code])])
    })
  }
  return {
    events,
    dispatched,
    received: (count) => expect.poll(() => dispatched.length).toBeGreaterThanOrEqual(count),
  }
}

/** An EventSource that is closed at the end of the test. */
export function openSource(...args: ConstructorParameters<typeof EventSource>): EventSource {
  const source = new EventSource(...args)
  onTestFinished(() => source.close())
  return source
}

/** An EventSource and its server, until the end of the test. Events of type `price` are recorded, too. */
export async function connect(
  script: Script,
  init: EventSourceInit = { reconnect: SOON },
): Promise<Listening & { readonly server: ScriptedServer; readonly source: EventSource }> {
  const server = await createScriptedServer(script)
  onTestFinished(() => server.close())
  const source = openSource(server.url, init)
  return { server, source, ...listen(source, 'price') }
}

/** A response that sends `steps` and stays open. */
export function endless(...steps: Step[]): Attempt {
  return { status: 200, body: [...steps, 'HOLD'] }
}

/** Waits for what must not come. */
export function quiet(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 60))
}

/** The next event of that type. */
export async function next<E extends Event>(source: EventSource, type: string): Promise<E> {
  const [event] = await once(source, type)
  return event as E
}
