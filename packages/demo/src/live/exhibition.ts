import { createSink, type EventLog, type Sink } from '@rxsse/server'
import { map, type Observable, Subscription, tap } from 'rxjs'
import type { Messages } from '../messages.ts'
import { type History, readHistory } from './history.ts'
import type { OpenLog } from './logs.ts'

type Type = keyof Messages
type Message = { readonly type: Type; readonly data: unknown }

const HISTORY = 400

/** The sinks that show results to whoever asks, and one more that tells the page all of them in a single connection. */
export interface Exhibition {
  /** By the name under `/sse/`. */
  readonly sinks: Readonly<Record<string, Sink>>
  /** Serves results at `/sse/{name}`, each under its event type; `told` is called for each. */
  expose(name: string, results: { readonly [T in Type]?: Observable<Messages[T]> }, told: () => void): void
  /** Tells the page alone. */
  tellPage(message: Message): void
  /** What the page shows before it goes live. */
  snapshot(): Promise<History>
  close(drain: `${number}s`): Promise<void>
}

export interface ExhibitionOptions {
  /** Of the sinks, besides that of the page. */
  readonly names: readonly string[]
  readonly openLog: OpenLog
  /** Told to every page that connects, so that it can say which of several nodes serves it. */
  readonly node?: Messages['node']
  /** A result that nobody will get, as the log did not take it. */
  readonly lost: () => void
}

export function createExhibition({ names, openLog, node, lost }: ExhibitionOptions): Exhibition {
  const pageLog = openLog('page')
  const page = openSink(pageLog, lost, node && { type: 'node', data: node })
  const sinks: Record<string, Sink> = { page }
  for (const name of names) sinks[name] = openSink(openLog(name), lost)
  const pipelines = new Subscription()

  // A page that misses something is told so by its sink.
  const tellPage = (message: Message): void => void page.publish(message).catch(() => {})

  return {
    sinks,
    tellPage,
    snapshot: () => readHistory(pageLog, HISTORY, ['status']),
    expose(name, results, told) {
      const sink = sinks[name]
      if (sink === undefined) throw new Error(`there is no sink '${name}'`)
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

function openSink(log: EventLog, lost: () => void, greeting?: Message): Sink {
  return createSink({
    log,
    ...(greeting && { greeting }),
    heartbeat: { interval: '15s' },
    retry: '1s',
    onRejected: lost,
    // A source that is over for good shows on the page and in the terminal, as its connection's state.
    onError: () => {},
  })
}
