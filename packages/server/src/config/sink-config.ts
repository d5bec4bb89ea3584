import { type Duration, parseTimeout } from '@rxsse/shared'
import { z } from 'zod'
import type { HeaderRule, NamedHeaderRule } from '../access/header-rules.ts'

/** The declarative form of a sink. Any other key is an error. */
export interface SinkConfig {
  /** Default `'sink'`. */
  readonly id?: string | undefined
  /** Default true. */
  readonly enabled?: boolean | undefined
  readonly type?: 'sse' | 'sink' | undefined
  /** The whole path. */
  readonly mount?: string | undefined
  /** The part of the path after `/{id}/`. Without it and `mount`, the path is `/sse/{id}`. */
  readonly path?: string | undefined
  /** Default `'0.0.0.0'`. */
  readonly host?: string | undefined
  /** Default 8080; 0 chooses a free one. */
  readonly port?: number | string | undefined
  /** Topics, as `match` of `createSink`; also a comma-separated list. */
  readonly match?: string | readonly string[] | undefined
  /** Seconds, also as text, or a duration such as `'30s'`; 0 for no heartbeat. */
  readonly heartbeat_interval?: number | string | undefined
  /** Another name of `heartbeat_interval`. */
  readonly heartbeat_timeout?: number | string | undefined
  /**
   * The rules for request headers, by header name, or as a list of `{header, rule}` or
   * `{name: rule}`. A list may have several rules for one header.
   */
  readonly headers?:
    | Readonly<Record<string, HeaderRuleConfig>>
    | readonly (
        | { readonly header: string; readonly rule: HeaderRuleConfig }
        | Readonly<Record<string, HeaderRuleConfig>>
      )[]
    | undefined
  /** The allowed origins, under either name. */
  readonly cors?:
    | { readonly allowed_origins: string | readonly string[] }
    | { readonly origins: string | readonly string[] }
    | undefined
  /** Patterns of topics. If a client is slow, it gets the latest of each of these entities. */
  readonly coalesce?: string | readonly string[] | null | undefined
}

/** A text to equal, or a rule of `headerRules`. `secret` and `env` name a variable. */
export type HeaderRuleConfig =
  | string
  | { readonly exists: true }
  | { readonly type: 'exists' }
  | { readonly equals: string; readonly case_sensitive?: boolean | undefined }
  | { readonly type: 'equals'; readonly value: string; readonly case_sensitive?: boolean | undefined }
  | { readonly matches: string; readonly case_sensitive?: boolean | undefined }
  | { readonly type: 'matches'; readonly pattern: string; readonly case_sensitive?: boolean | undefined }
  | { readonly secret: string; readonly scheme?: string | undefined }
  | { readonly type: 'secret'; readonly env: string; readonly scheme?: string | undefined }
  | { readonly type: 'secret'; readonly value: string; readonly scheme?: string | undefined }

/** A configuration with its defaults. Times are milliseconds. */
export interface ParsedSinkConfig extends Pick<SinkConfig, 'id' | 'mount' | 'path'> {
  readonly enabled: boolean
  readonly host?: string | undefined
  readonly port?: number | undefined
  readonly match?: readonly string[] | undefined
  readonly heartbeat_interval?: number | undefined
  readonly heartbeat_timeout?: number | undefined
  readonly headers?: readonly NamedHeaderRule[] | undefined
  readonly cors?: { readonly origins: readonly string[] } | undefined
  readonly coalesce?: readonly string[] | undefined
}

/** Throws a `TypeError` that names each wrong key and shows no value. */
export function parseSinkConfig(config: unknown): ParsedSinkConfig {
  return parse(SCHEMA, config, "the sink's configuration")
}

/** As {@link parseSinkConfig}, for several sinks by name. */
export function parseSinksConfig(config: unknown): ReadonlyMap<string, ParsedSinkConfig> {
  return new Map(
    Object.entries(parse(z.record(z.string(), SCHEMA), config, 'the configuration of the sinks')),
  )
}

function parse<T>(schema: z.ZodType<T>, config: unknown, name: string): T {
  const result = schema.safeParse(config)
  if (result.success) return result.data
  const problems = result.error.issues.map(
    ({ path, message }) => `${path.map(String).join('.') || 'the configuration'}: ${message}`,
  )
  throw new TypeError(`${name} is wrong: ${problems.join('; ')}`)
}

const DURATION = z.union([z.number(), z.string()]).transform((value, context): number => {
  try {
    // In configuration files, a bare number is seconds.
    if (typeof value === 'number' || /^\d+(\.\d+)?$/.test(value))
      return parseTimeout(Number(value) * 1000, 'it')
    return parseTimeout(value as Duration, 'it')
  } catch {
    context.addIssue(`it must be seconds (30, '30.0') or a duration such as '250ms', '30s' or '5m'`)
    return z.NEVER
  }
})

const NAMES = z
  .union([z.string(), z.array(z.string())])
  .transform((value) =>
    (typeof value === 'string' ? value.split(',') : value)
      .map((name) => name.trim())
      .filter((name) => name !== ''),
  )

const CASE_SENSITIVITY = { case_sensitive: z.boolean().default(true) }
const SCHEME = { scheme: z.string().optional() }

/** The rules of `{type, …}`. */
const RULES_BY_TYPE: Readonly<Record<string, z.ZodType<HeaderRule>>> = {
  exists: z.strictObject({ type: z.string() }).transform(() => ({ exists: true as const })),
  equals: z
    .strictObject({ type: z.string(), value: z.string(), ...CASE_SENSITIVITY })
    .transform(({ value, case_sensitive }) => ({ equals: value, caseSensitive: case_sensitive })),
  matches: z
    .strictObject({ type: z.string(), pattern: z.string(), ...CASE_SENSITIVITY })
    .transform(({ pattern, case_sensitive }) => ({ matches: pattern, caseSensitive: case_sensitive })),
  secret: z
    .strictObject({
      type: z.string(),
      env: z.string().optional(),
      value: z.string().optional(),
      ...SCHEME,
    })
    .transform(({ env, value, scheme }, context) => {
      const name = env ?? value
      if (name !== undefined && (env === undefined || value === undefined)) return createSecret(name, scheme)
      context.addIssue('it needs the name of an environment variable, as env or as value')
      return z.NEVER
    }),
}

/** The rules of `{exists: true}` and the like. */
const RULES_BY_KEY: Readonly<Record<string, z.ZodType<HeaderRule>>> = {
  exists: z.strictObject({ exists: z.literal(true) }),
  equals: z
    .strictObject({ equals: z.string(), ...CASE_SENSITIVITY })
    .transform(({ equals, case_sensitive }) => ({ equals, caseSensitive: case_sensitive })),
  matches: z
    .strictObject({ matches: z.string(), ...CASE_SENSITIVITY })
    .transform(({ matches, case_sensitive }) => ({ matches, caseSensitive: case_sensitive })),
  secret: z
    .strictObject({ secret: z.string(), ...SCHEME })
    .transform(({ secret, scheme }) => createSecret(secret, scheme)),
}

function createSecret(secret: string, scheme: string | undefined): HeaderRule {
  return scheme === undefined ? { secret } : { secret, scheme }
}

/** A schema that chooses another one by the value, so that an error names the key within it. */
function createChoice<T>(choose: (value: unknown) => z.ZodType<T> | string): z.ZodType<T> {
  return z.unknown().transform((value, context): T => {
    const schema = choose(value)
    if (typeof schema === 'string') {
      context.addIssue(schema)
      return z.NEVER
    }
    const result = schema.safeParse(value)
    if (result.success) return result.data
    for (const { path, message } of result.error.issues) context.addIssue({ code: 'custom', path, message })
    return z.NEVER
  })
}

const RULE = createChoice<HeaderRule>((value) => {
  if (typeof value === 'string') {
    return z.string().transform((equals) => ({ equals, caseSensitive: true }))
  }
  if (typeof value === 'object' && value !== null) {
    const key = Object.keys(RULES_BY_KEY).find((name) => name in value)
    const schema = 'type' in value ? getOwn(RULES_BY_TYPE, value.type) : getOwn(RULES_BY_KEY, key)
    if (schema !== undefined) return schema
  }
  return 'it must be a text, or a rule with exists, equals, matches or secret'
})

function getOwn<T>(table: Readonly<Record<string, T>>, key: unknown): T | undefined {
  return typeof key === 'string' && Object.hasOwn(table, key) ? table[key] : undefined
}

/** The headers of an object with a rule for each name. */
const RULES = z
  .record(z.string(), RULE)
  .transform((rules) => Object.entries(rules).map(([header, rule]) => ({ header, rule })))

const NAMED_RULE = z
  .strictObject({ header: z.string(), rule: RULE })
  .transform((named): NamedHeaderRule[] => [named])

const RULE_LIST = z
  .array(
    createChoice<NamedHeaderRule[]>((value) =>
      typeof value === 'object' && value !== null && 'header' in value && 'rule' in value
        ? NAMED_RULE
        : RULES,
    ),
  )
  .transform((lists) => lists.flat())

const HEADERS = createChoice<NamedHeaderRule[]>((value) => (Array.isArray(value) ? RULE_LIST : RULES))

const CORS = createChoice<{ origins: readonly string[] }>((value) =>
  typeof value === 'object' && value !== null && 'origins' in value
    ? z.strictObject({ origins: NAMES })
    : z
        .strictObject({ allowed_origins: NAMES })
        .transform(({ allowed_origins }) => ({ origins: allowed_origins })),
)

const PORT = z.coerce.number().int().min(0).max(65_535)

const PATH = z.string().regex(/^[^?#\r\n]*$/, 'it must be a path without a query')

const SCHEMA = z
  .strictObject({
    id: z.string().min(1).optional(),
    enabled: z.boolean().default(true),
    type: z.enum(['sse', 'sink']).default('sse'),
    mount: PATH.optional(),
    path: PATH.optional(),
    host: z.string().min(1).optional(),
    port: PORT.optional(),
    match: NAMES.optional(),
    heartbeat_interval: DURATION.optional(),
    heartbeat_timeout: DURATION.optional(),
    headers: HEADERS.optional(),
    cors: CORS.optional(),
    coalesce: NAMES.nullish().transform((names) => names ?? undefined),
  })
  .refine(({ mount, path }) => mount === undefined || path === undefined, {
    path: ['path'],
    message: 'it cannot be given with mount, which is the whole path',
  })
  .refine(
    ({ heartbeat_interval, heartbeat_timeout }) =>
      heartbeat_interval === undefined || heartbeat_timeout === undefined,
    {
      path: ['heartbeat_timeout'],
      message: 'it cannot be given with heartbeat_interval, which means the same',
    },
  )
