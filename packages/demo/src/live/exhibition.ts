import { createSink, memoryLog, type Sink } from '@rxsse/server'
import { map, type Observable, Subscription, tap } from 'rxjs'
import type { Messages } from '../messages.ts'
import { createHistory } from './history.ts'

type Type = keyof Messages
type Message = { readonly type: Type; readonly data: unknown }

const HISTORY = 400
const LOG = 10_000

/** The sinks that show results to whoever asks, and one more that tells the page all of them in a single connection. */
export interface Exhibition {
  /** By the name under `/sse/`. */
  readonly sinks: Readonly<Record<string, Sink>>
  /** Serves results at `/sse/{name}`, each under its event type; `told` is called for each. */
  expose(name: string, results: { readonly [T in Type]?: Observable<Messages[T]> }, told: () => void): void
  /** Tells the page alone. */
  tellPage(message: Message): void
  /** What the page shows before it goes live. */
  snapshot(): unknown
  close(drain: `${number}s`): Promise<void>
}

export function createExhibition(): Exhibition {
  const page = openSink()
  const sinks: Record<string, Sink> = { page }
  const history = createHistory<Message>(HISTORY, ['status'])
  const pipelines = new Subscription()

  const tellPage = (message: Message): void => {
    page.publish(message).then(
      ({ id = '' }) => history.add(message, id),
      () => {}, // Refused because it is closing: nobody is left to tell.
    )
  }

  return {
    sinks,
    tellPage,
    snapshot: history.snapshot,
    expose(name, results, told) {
      const sink = openSink()
      sinks[name] = sink
      for (const [type, result] of Object.entries(results) as [Type, Observable<unknown>][]) {
        const messages = result.pipe(
          map((data): Message => ({ type, data })),
          tap((message) => {
            told()
            tellPage(message)
          }),
        )
        pipelines.add(messages.subscribe(sink))
      }
    },
    async close(drain) {
      pipelines.unsubscribe()
      await Promise.all(Object.values(sinks).map((sink) => sink.close({ drain })))
    },
  }
}

function openSink(): Sink {
  return createSink({
    log: memoryLog({ capacity: LOG }),
    heartbeat: { interval: '15s' },
    retry: '1s',
    // A source that is over for good shows on the page and in the terminal, as its connection's state.
    onError: () => {},
  })
}
