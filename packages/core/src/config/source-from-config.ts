import type { SseEvent } from '@rxsse/shared'
import { filter, map, type Observable, type OperatorFunction, pipe } from 'rxjs'
import { fromEventSource } from '../stream/from-event-source.ts'
import type { EventSourceOptions } from '../stream/options.ts'
import { parseSourceConfig, type SourceConfig, type SourceConnection, substitute } from './source-config.ts'

/** The options that a configuration does not contain: those of `fromEventSource`, and the source of variables. */
export interface SourceOptions extends Omit<EventSourceOptions, 'headers' | 'events'> {
  /** The variables that headers may name. Default: the environment of the process. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Gets each event whose data is not JSON. Such events are then dropped. Without it, `bad_data` decides. */
  readonly onInvalid?: (event: SseEvent, error: unknown) => void
}

/**
 * The source that a declarative configuration describes: `endpoint`, `headers`, `events`, `format`.
 *
 * `headers` is an object, or a list such as `'Authorization: Bearer {{ TOKEN }},X-Client: a'`. A comma in a value is written `\,`.
 * `{{ NAME }}` and `${NAME}` in a value stand for variables of `options.env`, substituted after the list is split. `events` is a
 * list or a comma-separated string of types, case-sensitive. `format` is `'json'` (default: `data` is parsed) or `'raw'`, or is
 * given as `{schema: {format: {json: {}}}}`. The options of Arroyo's and Laminar's `CREATE TABLE`, and the body with which their
 * APIs create a connection table (`name`, `connector`, `config`, `schema`), are taken word for word.
 *
 * @throws TypeError that names the wrong key or the missing variable, and shows no value.
 */
export function sourceFromConfig(
  config: SourceConfig | SourceConnection,
  { env = readEnvironment(), onInvalid, ...options }: SourceOptions = {},
): Observable<SseEvent<unknown>> {
  const { endpoint, headers, events, format, dropsInvalid } = parseSourceConfig(config)
  const raw = fromEventSource(endpoint, {
    ...options,
    headers: headers.map(([name, value]) => [name, substitute(value, env, `headers.${name}`)] as const),
    ...(events && { events }),
  })
  return format === 'raw' ? raw : raw.pipe(parseJson(onInvalid ?? (dropsInvalid ? () => {} : undefined)))
}

function readEnvironment(): Readonly<Record<string, string | undefined>> {
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
            `the data of the event '${event.type}' with the last event ID '${event.lastEventId}' is not JSON; give onInvalid to drop such events, or format: 'raw'`,
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
