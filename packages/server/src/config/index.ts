import { headerRules } from '../access/header-rules.ts'
import { type SinkServer, serveSinks } from '../adapter/serve-sinks.ts'
import type { SseMessage } from '../sink/message.ts'
import { createSink, type Sink } from '../sink/sink.ts'
import type { SinkOptions } from '../sink/sink-options.ts'
import { type ParsedSinkConfig, parseSinkConfig, type SinkConfig } from './sink-config.ts'

export type { HeaderRuleConfig, SinkConfig } from './sink-config.ts'

/** A sink, and where its configuration says it is to be served. */
export interface ConfiguredSink extends Sink {
  /** The name it is served under. */
  readonly id: string
  /** Whether it is to be served. */
  readonly enabled: boolean
  /** Without a trailing slash. */
  readonly path: string
  /** The address to listen at. */
  readonly host: string
  /** The port to listen at. */
  readonly port: number
  /** Serves it there, alone; undefined where it is not enabled. */
  serve(): Promise<SinkServer | undefined>
}

export interface SinkFromConfigOptions extends SinkOptions<SseMessage> {
  /** Where the secrets that header rules name are looked up. Default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>
}

/**
 * The sink that a declarative configuration describes; `options` are a sink's own, for what configuration cannot
 * say (a log, rooms), and are used where the configuration is silent.
 *
 * `mount` is the whole path, `path` what comes after `/{id}/`; without either it is `/sse/{id}`.
 * `heartbeat_interval` (or `heartbeat_timeout`) is seconds, 0 for none. `headers` are rules that a request must
 * fulfil, by name: a text to equal, `{equals}`, `{matches}`, `{exists: true}` or `{secret: 'NAME_OF_VARIABLE'}`.
 *
 * @throws TypeError that names the key that is wrong, or the variable that is missing, and shows no value.
 */
export function sinkFromConfig(config: SinkConfig, options: SinkFromConfigOptions = {}): ConfiguredSink {
  const { env, ...sinkOptions } = options
  const parsed = parseSinkConfig(config)
  const { id = 'sink', enabled, host, port } = parsed
  const sink = createSink<SseMessage>({ ...sinkOptions, ...optionsOf(parsed, env) })
  const path = pathOf(parsed, id)
  return {
    ...sink,
    id,
    enabled,
    path,
    host,
    port,
    async serve() {
      if (!enabled) return undefined
      const slash = path.lastIndexOf('/')
      const sinks = { [path.slice(slash + 1)]: sink }
      return serveSinks({ host, port, basePath: path.slice(0, slash), sinks })
    },
  }
}

function optionsOf(
  { match, headers, cors, heartbeat_interval, heartbeat_timeout }: ParsedSinkConfig,
  env: SinkFromConfigOptions['env'],
): SinkOptions<SseMessage> {
  const beat = heartbeat_interval ?? heartbeat_timeout
  return {
    ...(match === undefined ? {} : { match }),
    ...(beat === undefined ? {} : { heartbeat: beat === 0 ? (false as const) : { interval: beat } }),
    ...(headers === undefined ? {} : { access: headerRules(headers, env === undefined ? {} : { env }) }),
    ...(cors === undefined
      ? {}
      : { cors: { origins: cors.allowed_origins.includes('*') ? '*' : cors.allowed_origins } }),
  }
}

function pathOf({ mount, path }: ParsedSinkConfig, id: string): string {
  const whole = mount ?? (path === undefined ? `/sse/${id}` : `/${id}/${path}`)
  return `/${whole}`.replace(/\/+/g, '/').replace(/\/$/, '')
}
