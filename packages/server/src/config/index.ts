import type { SseMessage } from '@rxsse/shared'
import { headerRules } from '../access/header-rules.ts'
import { type SinkServer, serveSinks } from '../adapter/serve-sinks.ts'
import { createSink, type Sink } from '../sink/sink.ts'
import type { SinkOptions } from '../sink/sink-options.ts'
import { type ParsedSinkConfig, parseSinkConfig, type SinkConfig } from './sink-config.ts'

export type { HeaderRuleConfig, SinkConfig } from './sink-config.ts'

/** A sink with its id and its address from a configuration. */
export interface ConfiguredSink extends Sink {
  readonly id: string
  /** Whether to serve it. */
  readonly enabled: boolean
  /** The whole path, without a trailing slash. */
  readonly path: string
  /** The address to listen on. */
  readonly host: string
  /** The port to listen on. */
  readonly port: number
  /** Starts a server for this sink alone. Resolves to undefined if the sink is not enabled. */
  serve(): Promise<SinkServer | undefined>
}

export interface SinkFromConfigOptions extends SinkOptions<SseMessage> {
  /** The environment variables that header rules name. Default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>
}

/**
 * Creates a sink from a declarative configuration. `options` are those of `createSink`, for what a
 * configuration cannot express (a log, rooms). The configuration wins over them.
 *
 * `mount` is the whole path, `path` the part after `/{id}/`; without either, the path is
 * `/sse/{id}`. `heartbeat_interval` (or `heartbeat_timeout`) is seconds, 0 for none. `headers` are
 * rules that a request must fulfil, by name: a text to equal, `{equals}`, `{matches}`,
 * `{exists: true}` or `{secret: 'NAME_OF_VARIABLE'}`.
 *
 * @throws TypeError that names the wrong key or the missing variable. It shows no value.
 */
export function sinkFromConfig(config: SinkConfig, options: SinkFromConfigOptions = {}): ConfiguredSink {
  const { env, ...sinkOptions } = options
  const parsed = parseSinkConfig(config)
  const { id = 'sink', enabled, host, port } = parsed
  const sink = createSink<SseMessage>({ ...sinkOptions, ...resolveOptions(parsed, env) })
  const path = resolvePath(parsed, id)
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

function resolveOptions(
  { match, headers, cors, heartbeat_interval, heartbeat_timeout }: ParsedSinkConfig,
  env: SinkFromConfigOptions['env'],
): SinkOptions<SseMessage> {
  const interval = heartbeat_interval ?? heartbeat_timeout
  return {
    ...(match === undefined ? {} : { match }),
    ...(interval === undefined ? {} : { heartbeat: interval === 0 ? (false as const) : { interval } }),
    ...(headers === undefined ? {} : { access: headerRules(headers, env === undefined ? {} : { env }) }),
    ...(cors === undefined
      ? {}
      : { cors: { origins: cors.allowed_origins.includes('*') ? '*' : cors.allowed_origins } }),
  }
}

function resolvePath({ mount, path }: ParsedSinkConfig, id: string): string {
  const whole = mount ?? (path === undefined ? `/sse/${id}` : `/${id}/${path}`)
  return `/${whole}`.replace(/\/+/g, '/').replace(/\/$/, '')
}
