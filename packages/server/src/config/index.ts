import type { SseMessage } from '@rxsse/shared'
import { headerRules } from '../access/header-rules.ts'
import { type SinkServer, serveSinks } from '../adapter/serve-sinks.ts'
import type { CloseOptions } from '../connection/drain.ts'
import { settleAll } from '../connection/settle.ts'
import type { SlowClientOptions } from '../connection/slow-client.ts'
import { resolveType } from '../sink/message.ts'
import { createSink, type Sink } from '../sink/sink.ts'
import type { SinkOptions } from '../sink/sink-options.ts'
import { createTopicFilter } from '../sink/topic.ts'
import { type ParsedSinkConfig, parseSinkConfig, parseSinksConfig, type SinkConfig } from './sink-config.ts'

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
 * configuration cannot express (a log, rooms). The configuration wins over them. Of `heartbeat`,
 * it sets the interval alone.
 *
 * `mount` is the whole path, `path` the part after `/{id}/`; without either, the path is
 * `/sse/{id}`. `heartbeat_interval` (or `heartbeat_timeout`) is seconds, 0 for none. `headers` are
 * rules that a request must fulfil, by name: a text to equal, `{equals}`, `{matches}`,
 * `{exists: true}` or `{secret: 'NAME_OF_VARIABLE'}`.
 *
 * @throws TypeError that names the wrong key or the missing variable. It shows no value.
 */
export function sinkFromConfig(config: SinkConfig, options: SinkFromConfigOptions = {}): ConfiguredSink {
  const parsed = parseSinkConfig(config)
  const { id = 'sink', mount, path } = parsed
  const whole = mount ?? (path === undefined ? `/sse/${id}` : `/${id}/${path}`)
  return createConfiguredSink(parsed, { id, path: whole, host: '0.0.0.0', port: 8080 }, options)
}

export interface SinksFromConfigOptions {
  /** The address to listen on. Default: that of the entries, or `'0.0.0.0'`. */
  readonly host?: string
  /** The port to listen on. Default: that of the entries, or 8080. */
  readonly port?: number
  /** The environment variables that header rules name. Default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** The options of one sink that a configuration cannot express, such as a log. */
  readonly sink?: (name: string) => SinkOptions<SseMessage>
}

/** The sinks of a configuration, by name. */
export interface ConfiguredSinks {
  readonly sinks: Readonly<Record<string, ConfiguredSink>>
  /** Starts one server for all sinks that are enabled. */
  serve(): Promise<SinkServer>
  /** Closes the sinks, and their server if it was started. */
  close(options?: CloseOptions): Promise<void>
}

/**
 * Creates several sinks for one server. The path of a sink is:
 *
 * - its `mount`, if there is one;
 * - `/sse/{id}` if it has an `id`, or `/{id}/{path}` with a `path`, as {@link sinkFromConfig};
 * - its `path` if it has a `port` of its own but no id;
 * - otherwise `/{name}/{path}`, or `/{name}` without a `path`.
 *
 * @throws TypeError that names the wrong key, or two sinks with one path.
 */
export function sinksFromConfig(
  configs: Readonly<Record<string, SinkConfig>>,
  { host, port, env, sink }: SinksFromConfigOptions = {},
): ConfiguredSinks {
  const parsed = parseSinksConfig(configs)
  const address = {
    host: host ?? findCommon(parsed, 'host') ?? '0.0.0.0',
    port: port ?? findCommon(parsed, 'port') ?? 8080,
  }
  const environment = env === undefined ? {} : { env }
  const sinks = Object.fromEntries(
    [...parsed].map(([name, entry]) => {
      const place = { id: entry.id ?? name, path: resolveMapPath(name, entry), ...address }
      const options = { ...sink?.(name), ...environment }
      return [name, createConfiguredSink({ ...entry, ...address }, place, options, `${name}.headers: `)]
    }),
  )
  const served = Object.entries(sinks).filter(([, { enabled }]) => enabled)
  const byPath = new Map<string, string>()
  for (const [name, { path }] of served) {
    const other = byPath.get(path)
    if (other !== undefined) throw new TypeError(`the sinks ${other} and ${name} have one path, ${path}`)
    byPath.set(path, name)
  }
  let server: Promise<SinkServer> | undefined
  return {
    sinks,
    serve() {
      const routes = Object.fromEntries(served.map(([, each]) => [each.path.slice(1), each]))
      server ??= serveSinks({ ...address, basePath: '/', sinks: routes }).catch((error) => {
        // The address may be free the next time.
        server = undefined
        throw error
      })
      return server
    },
    async close(options) {
      const closeServer = server?.then(
        (started) => started.close(options),
        () => {},
      )
      await settleAll([...Object.values(sinks).map((each) => each.close(options)), closeServer])
    },
  }
}

function resolveMapPath(name: string, { id, mount, path, port }: ParsedSinkConfig): string {
  if (mount !== undefined) return mount
  if (id !== undefined) return path === undefined ? `/sse/${id}` : `/${id}/${path}`
  return port !== undefined && path !== undefined ? path : `/${name}/${path ?? ''}`
}

/** The value that the entries of one server share. */
function findCommon<Key extends 'host' | 'port'>(
  parsed: ReadonlyMap<string, ParsedSinkConfig>,
  key: Key,
): ParsedSinkConfig[Key] {
  let common: ParsedSinkConfig[Key] | undefined
  for (const [name, { [key]: value }] of parsed) {
    if (value === undefined) continue
    if (common !== undefined && common !== value) {
      throw new TypeError(`${name}.${key}: it must be the same for all sinks, which share one server`)
    }
    common = value
  }
  return common
}

interface Place {
  readonly id: string
  readonly path: string
  readonly host: string
  readonly port: number
}

/** The address of the configuration wins over that of its place. */
function createConfiguredSink(
  parsed: ParsedSinkConfig,
  place: Place,
  { env, ...options }: SinkFromConfigOptions,
  headersPath = 'headers: ',
): ConfiguredSink {
  const sink = createSink<SseMessage>({ ...options, ...resolveOptions(parsed, options, env, headersPath) })
  const { enabled, host = place.host, port = place.port } = parsed
  const path = `/${place.path}`.replace(/\/+/g, '/').replace(/\/$/, '')
  const configured = {
    id: place.id,
    enabled,
    path,
    host,
    port,
    async serve() {
      return enabled ? serveSinks({ host, port, basePath: '/', sinks: { [path.slice(1)]: sink } }) : undefined
    },
  }
  // A spread would read `position` once and for all.
  return Object.defineProperties(configured, Object.getOwnPropertyDescriptors(sink)) as ConfiguredSink
}

function resolveOptions(
  { match, headers, cors, coalesce, heartbeat_interval, heartbeat_timeout }: ParsedSinkConfig,
  options: SinkOptions<SseMessage>,
  env: SinkFromConfigOptions['env'],
  headersPath: string,
): SinkOptions<SseMessage> {
  const interval = heartbeat_interval ?? heartbeat_timeout
  const heartbeat = options.heartbeat === false ? {} : options.heartbeat
  return {
    ...(match === undefined ? {} : { match }),
    ...(interval === undefined
      ? {}
      : { heartbeat: interval === 0 ? (false as const) : { ...heartbeat, interval } }),
    ...(headers === undefined ? {} : { access: createAccess(headers, env, headersPath) }),
    ...(cors === undefined ? {} : { cors: { origins: cors.origins.includes('*') ? '*' : cors.origins } }),
    ...(coalesce === undefined ? {} : { slowClient: resolveCoalescing(coalesce, options) }),
  }
}

function createAccess(
  headers: NonNullable<ParsedSinkConfig['headers']>,
  env: SinkFromConfigOptions['env'],
  path: string,
): ReturnType<typeof headerRules> {
  try {
    return headerRules(headers, env === undefined ? {} : { env })
  } catch (cause) {
    if (cause instanceof TypeError) throw new TypeError(`${path}${cause.message}`, { cause })
    throw cause
  }
}

/** Messages of these topics are coalesced by topic and by the `entity_id` of their data. */
function resolveCoalescing(
  coalesce: readonly string[],
  { slowClient, topic = ({ type }) => resolveType(type) }: SinkOptions<SseMessage>,
): SlowClientOptions {
  const filter = createTopicFilter(coalesce)
  return {
    ...slowClient,
    policy: 'coalesce',
    key(message) {
      const name = topic(message)
      const { entity_id }: { entity_id?: unknown } = Object(message.data)
      return filter.accepts(name) ? JSON.stringify([name, entity_id ?? null]) : undefined
    },
  }
}
