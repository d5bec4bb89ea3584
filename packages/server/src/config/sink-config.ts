import { z } from 'zod'
import type { HeaderRule } from '../access/header-rules.ts'
import { type Duration, parseDuration } from '../duration.ts'

/** The declarative form of a sink. A key that is none of these is an error. */
export interface SinkConfig {
  /** Default `'sink'`. */
  readonly id?: string | undefined
  /** Default true. */
  readonly enabled?: boolean | undefined
  readonly type?: 'sse' | 'sink' | undefined
  /** The whole path. */
  readonly mount?: string | undefined
  /** What comes after `/{id}/`. Without it and `mount` the path is `/sse/{id}`. */
  readonly path?: string | undefined
  /** Default `'0.0.0.0'`. */
  readonly host?: string | undefined
  /** Default 8080; 0 takes a free one. */
  readonly port?: number | string | undefined
  /** Topics, as `match` of a sink; also a comma-separated list. */
  readonly match?: string | readonly string[] | undefined
  /** Seconds, also as text, or a time like `'30s'`; 0 for no heartbeat. */
  readonly heartbeat_interval?: number | string | undefined
  /** Another name of `heartbeat_interval`. */
  readonly heartbeat_timeout?: number | string | undefined
  /** What requests must have, by header name, or as a list of `{header, rule}`. */
  readonly headers?:
    | Readonly<Record<string, HeaderRuleConfig>>
    | readonly { readonly header: string; readonly rule: HeaderRuleConfig }[]
    | undefined
  readonly cors?: { readonly allowed_origins: string | readonly string[] } | undefined
}

/** A text to equal, or one of the rules of `headerRules`; `secret` and `env` name an environment variable. */
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

/** What it comes to: defaults filled in, times in milliseconds. */
export interface ParsedSinkConfig {
  readonly id?: string | undefined
  readonly enabled: boolean
  readonly mount?: string | undefined
  readonly path?: string | undefined
  readonly host: string
  readonly port: number
  readonly match?: readonly string[] | undefined
  readonly heartbeat_interval?: number | undefined
  readonly heartbeat_timeout?: number | undefined
  readonly headers?: Readonly<Record<string, HeaderRule>> | undefined
  readonly cors?: { readonly allowed_origins: readonly string[] } | undefined
}

/** Throws a `TypeError` that names each key that is wrong, and shows no value. */
export function parseSinkConfig(config: unknown): ParsedSinkConfig {
  const result = schema.safeParse(config)
  if (result.success) return result.data
  const told = result.error.issues.map(
    ({ path, message }) => `${path.map(String).join('.') || 'it'}: ${message}`,
  )
  throw new TypeError(`the sink's configuration is not right: ${told.join('; ')}`)
}

const duration = z.union([z.number(), z.string()]).transform((value, context): number => {
  try {
    // A bare number is seconds, as configuration files have it.
    if (typeof value === 'number' || /^\d+(\.\d+)?$/.test(value))
      return parseDuration(Number(value) * 1000, 'it')
    return parseDuration(value as Duration, 'it')
  } catch {
    context.addIssue(`it must be seconds (30, '30.0') or a time like '250ms', '30s' or '5m'`)
    return z.NEVER
  }
})

const names = z
  .union([z.string(), z.array(z.string())])
  .transform((value) =>
    (typeof value === 'string' ? value.split(',') : value)
      .map((name) => name.trim())
      .filter((name) => name !== ''),
  )

const caseSensitivity = { case_sensitive: z.boolean().optional() }

const rule = z.union([
  z.string().transform((value) => ({ equals: value, caseSensitive: true })),
  z.strictObject({ exists: z.literal(true) }),
  z.strictObject({ type: z.literal('exists') }).transform(() => ({ exists: true as const })),
  z
    .strictObject({ equals: z.string(), ...caseSensitivity })
    .transform(({ equals, case_sensitive = true }) => ({ equals, caseSensitive: case_sensitive })),
  z
    .strictObject({ type: z.literal('equals'), value: z.string(), ...caseSensitivity })
    .transform(({ value, case_sensitive = true }) => ({ equals: value, caseSensitive: case_sensitive })),
  z
    .strictObject({ matches: z.string(), ...caseSensitivity })
    .transform(({ matches, case_sensitive = true }) => ({ matches, caseSensitive: case_sensitive })),
  z
    .strictObject({ type: z.literal('matches'), pattern: z.string(), ...caseSensitivity })
    .transform(({ pattern, case_sensitive = true }) => ({ matches: pattern, caseSensitive: case_sensitive })),
  z
    .strictObject({ secret: z.string(), scheme: z.string().optional() })
    .transform(({ secret, scheme }) => (scheme === undefined ? { secret } : { secret, scheme })),
  z
    .strictObject({ type: z.literal('secret'), env: z.string(), scheme: z.string().optional() })
    .transform(({ env, scheme }) => (scheme === undefined ? { secret: env } : { secret: env, scheme })),
])

const headers = z.union([
  z.record(z.string(), rule),
  z
    .array(z.strictObject({ header: z.string(), rule }))
    .transform((list) => Object.fromEntries(list.map(({ header, rule }) => [header, rule]))),
])

const path = z.string().regex(/^[^?#\r\n]*$/, 'it must be a path, without query')

const schema = z
  .strictObject({
    id: z.string().min(1).optional(),
    enabled: z.boolean().default(true),
    type: z.enum(['sse', 'sink']).default('sse'),
    mount: path.optional(),
    path: path.optional(),
    host: z.string().min(1).default('0.0.0.0'),
    port: z.coerce.number().int().min(0).max(65_535).default(8080),
    match: names.optional(),
    heartbeat_interval: duration.optional(),
    heartbeat_timeout: duration.optional(),
    headers: headers.optional(),
    cors: z.strictObject({ allowed_origins: names }).optional(),
  })
  .refine(({ mount, path }) => mount === undefined || path === undefined, {
    path: ['path'],
    message: 'it cannot be given beside mount, which is the whole path',
  })
  .refine(
    ({ heartbeat_interval, heartbeat_timeout }) =>
      heartbeat_interval === undefined || heartbeat_timeout === undefined,
    {
      path: ['heartbeat_timeout'],
      message: 'it cannot be given beside heartbeat_interval, which means the same',
    },
  )
