import { type Duration, parseTimeout } from '@rxsse/shared'
import { z } from 'zod'
import type { HeaderRule } from '../access/header-rules.ts'

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
  /** The rules for request headers, by header name, or as a list of `{header, rule}`. */
  readonly headers?:
    | Readonly<Record<string, HeaderRuleConfig>>
    | readonly { readonly header: string; readonly rule: HeaderRuleConfig }[]
    | undefined
  readonly cors?: { readonly allowed_origins: string | readonly string[] } | undefined
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

/** A configuration with its defaults. Times are milliseconds. */
export interface ParsedSinkConfig extends Pick<SinkConfig, 'id' | 'mount' | 'path'> {
  readonly enabled: boolean
  readonly host: string
  readonly port: number
  readonly match?: readonly string[] | undefined
  readonly heartbeat_interval?: number | undefined
  readonly heartbeat_timeout?: number | undefined
  readonly headers?: Readonly<Record<string, HeaderRule>> | undefined
  readonly cors?: { readonly allowed_origins: readonly string[] } | undefined
}

/** Throws a `TypeError` that names each wrong key and shows no value. */
export function parseSinkConfig(config: unknown): ParsedSinkConfig {
  const result = SCHEMA.safeParse(config)
  if (result.success) return result.data
  const problems = result.error.issues.map(
    ({ path, message }) => `${path.map(String).join('.') || 'the configuration'}: ${message}`,
  )
  throw new TypeError(`the sink's configuration is wrong: ${problems.join('; ')}`)
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

const CASE_SENSITIVITY = { case_sensitive: z.boolean().optional() }

const RULE = z.union([
  z.string().transform((value) => ({ equals: value, caseSensitive: true })),
  z.strictObject({ exists: z.literal(true) }),
  z.strictObject({ type: z.literal('exists') }).transform(() => ({ exists: true as const })),
  z
    .strictObject({ equals: z.string(), ...CASE_SENSITIVITY })
    .transform(({ equals, case_sensitive = true }) => ({ equals, caseSensitive: case_sensitive })),
  z
    .strictObject({ type: z.literal('equals'), value: z.string(), ...CASE_SENSITIVITY })
    .transform(({ value, case_sensitive = true }) => ({ equals: value, caseSensitive: case_sensitive })),
  z
    .strictObject({ matches: z.string(), ...CASE_SENSITIVITY })
    .transform(({ matches, case_sensitive = true }) => ({ matches, caseSensitive: case_sensitive })),
  z
    .strictObject({ type: z.literal('matches'), pattern: z.string(), ...CASE_SENSITIVITY })
    .transform(({ pattern, case_sensitive = true }) => ({ matches: pattern, caseSensitive: case_sensitive })),
  z
    .strictObject({ secret: z.string(), scheme: z.string().optional() })
    .transform(({ secret, scheme }) => (scheme === undefined ? { secret } : { secret, scheme })),
  z
    .strictObject({ type: z.literal('secret'), env: z.string(), scheme: z.string().optional() })
    .transform(({ env, scheme }) => (scheme === undefined ? { secret: env } : { secret: env, scheme })),
])

const HEADERS = z.union([
  z.record(z.string(), RULE),
  z
    .array(z.strictObject({ header: z.string(), rule: RULE }))
    .transform((list) => Object.fromEntries(list.map(({ header, rule }) => [header, rule]))),
])

const PATH = z.string().regex(/^[^?#\r\n]*$/, 'it must be a path without a query')

const SCHEMA = z
  .strictObject({
    id: z.string().min(1).optional(),
    enabled: z.boolean().default(true),
    type: z.enum(['sse', 'sink']).default('sse'),
    mount: PATH.optional(),
    path: PATH.optional(),
    host: z.string().min(1).default('0.0.0.0'),
    port: z.coerce.number().int().min(0).max(65_535).default(8080),
    match: NAMES.optional(),
    heartbeat_interval: DURATION.optional(),
    heartbeat_timeout: DURATION.optional(),
    headers: HEADERS.optional(),
    cors: z.strictObject({ allowed_origins: NAMES }).optional(),
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
