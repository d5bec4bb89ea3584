import { createSink, type EventLog, type Sink } from '@rxsse/server'
import { map, type Observable, Subscription, tap } from 'rxjs'
import type { Messages } from '../messages/messages.ts'
import { type History, readHistory } from './history.ts'
import type { OpenLog } from './logs.ts'

type Type = keyof Messages
type Message = { readonly type: Type; readonly data: unknown }

const HISTORY_LENGTH = 400

/** One sink for each kind of result, and the sink of the page, which gets all results in one connection. */
export interface ResultSinks {
  /** The sinks by their name under `/sse/`. */
  readonly sinks: Readonly<Record<string, Sink>>
  /** Serves results at `/sse/{name}`, each with its event type. Calls `onResult` for each. */
  serve(name: string, results: { readonly [T in Type]?: Observable<Messages[T]> }, onResult: () => void): void
  /** Publishes a message to the page only. */
  publishToPage(message: Message): void
  /** Reads the messages that the page shows before its first live one. */
  snapshot(): Promise<History>
  close(drain: `${number}s`): Promise<void>
}

export interface ResultSinksOptions {
  /** The names of the sinks without that of the page. */
  readonly names: readonly string[]
  readonly openLog: OpenLog
  /** The first message to every page, which shows the node that serves it. */
  readonly node?: Messages['node']
  /** Called for each result that the log rejects: no client gets it. */
  readonly onLost: () => void
}

export function createResultSinks({ names, openLog, node, onLost }: ResultSinksOptions): ResultSinks {
  const pageLog = openLog('page')
  const page = openSink(pageLog, onLost, node && { type: 'node', data: node })
  const sinks: Record<string, Sink> = { page }
  for (const name of names) sinks[name] = openSink(openLog(name), onLost)
  const pipelines = new Subscription()

  // If a message is lost, the sink itself reports the gap to the page.
  const publishToPage = (message: Message): void => void page.publish(message).catch(() => {})

  return {
    sinks,
    publishToPage,
    snapshot: () => readHistory(pageLog, HISTORY_LENGTH, ['status']),
    serve(name, results, onResult) {
      const sink = sinks[name]
      if (sink === undefined) throw new Error(`no sink has the name '${name}'`)
      for (const [type, result] of Object.entries(results) as [Type, Observable<unknown>][]) {
        const messages = result.pipe(
          map((data): Message => ({ type, data })),
          tap((message) => {
            onResult()
            publishToPage(message)
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

function openSink(log: EventLog, onLost: () => void, greeting?: Message): Sink {
  return createSink({
    log,
    ...(greeting && { greeting }),
    heartbeat: { interval: '15s' },
    retry: '1s',
    onRejected: onLost,
    // The page and the terminal show the end of the source as the state of its connection.
    onError: () => {},
  })
}
