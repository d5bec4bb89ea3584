import type { Observable } from 'rxjs'
import { fromEventSource } from '../edge.ts'
import type { SseEvent } from '../event.ts'
import { type SourceOptions, source } from './source.ts'
import type { SourceConfig } from './source-config.ts'

/**
 * The source that a declarative configuration describes: `endpoint`, `headers`, `events`, `format`.
 *
 * `headers` is an object, or a list such as `'Authorization: Bearer {{ TOKEN }},X-Client: a'`, split before variables are put in,
 * with `\,` for a comma in a value. `{{ NAME }}` and `${NAME}` in a value stand for variables of `options.env`. `events` is a list
 * or a comma string of types, case-sensitive. `format` is `'json'` (default: `data` is parsed) or `'raw'`, or is given as
 * `{schema: {format: {json: {}}}}`.
 *
 * @throws TypeError that names the key that is wrong, or the variable that is missing, and shows no value.
 */
export function sourceFromConfig(
  config: SourceConfig,
  options: SourceOptions = {},
): Observable<SseEvent<unknown>> {
  return source(fromEventSource, config, options)
}

export type { SourceOptions } from './source.ts'
export type { SourceConfig } from './source-config.ts'
