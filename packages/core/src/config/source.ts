import { filter, map, type Observable, type OperatorFunction, pipe } from 'rxjs'
import type { SseEvent } from '../event.ts'
import type { EventSourceOptions } from '../options.ts'
import { parseSourceConfig, type SourceConfig, substitute } from './source-config.ts'

/** What a configuration does not say: the options of `fromEventSource`, and where variables come from. */
export interface SourceOptions extends Omit<EventSourceOptions, 'headers' | 'events'> {
  /** The variables that headers may name. Default: the environment of the process. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Told of events whose data is no JSON, which are dropped then. Without it they error the stream. */
  readonly onInvalid?: (event: SseEvent, error: unknown) => void
}

/** The source that a configuration describes, opened by `open`. */
export function source(
  open: (url: string, options: EventSourceOptions) => Observable<SseEvent>,
  config: SourceConfig,
  { env = environment(), onInvalid, ...options }: SourceOptions,
): Observable<SseEvent<unknown>> {
  const { endpoint, headers, events, format } = parseSourceConfig(config)
  const raw = open(endpoint, {
    ...options,
    headers: headers.map(([name, value]) => [name, substitute(value, env, `headers.${name}`)] as const),
    ...(events && { events }),
  })
  return format === 'raw' ? raw : raw.pipe(parseJson(onInvalid))
}

function environment(): Readonly<Record<string, string | undefined>> {
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } }
  return process?.env ?? {}
}

function parseJson(onInvalid: SourceOptions['onInvalid']): OperatorFunction<SseEvent, SseEvent<unknown>> {
  return pipe(
    map((event) => {
      try {
        return { ...event, data: JSON.parse(event.data) as unknown }
      } catch (cause) {
        if (!onInvalid) {
          throw new TypeError(
            `the data of the event '${event.type}' with the last event ID '${event.lastEventId}' is no JSON; give onInvalid to drop such events, or format: 'raw'`,
            { cause },
          )
        }
        onInvalid(event, cause)
        return undefined
      }
    }),
    filter((event) => event !== undefined),
  )
}
