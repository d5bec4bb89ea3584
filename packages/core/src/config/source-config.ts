import * as z from 'zod'

/** The declarative form of a source, for example from JSON or YAML. */
export interface SourceConfig {
  /** Always `'source'`, which is also the default. */
  readonly type?: 'source'
  /** Always `'sse'`, which is also the default. */
  readonly connector?: 'sse'
  /** An http or https URL. */
  readonly endpoint: string
  /** Headers by name, or a list: `'Name: value,Name: value'`. */
  readonly headers?: Readonly<Record<string, string>> | string
  /** The event types to deliver, case-sensitive: a list, or separated by commas. Default: all. */
  readonly events?: readonly string[] | string
  /** The format of `data`. `'raw_string'` is the same as `'raw'`. Default `'json'`. */
  readonly format?: 'json' | 'raw' | 'raw_string'
  /** Whether data that is not JSON errors the stream, or is dropped. `onInvalid` replaces it. Default `'fail'`. */
  readonly bad_data?: 'fail' | 'drop'
  /** Another way to name the format. Other keys of a schema are ignored. */
  readonly schema?: {
    readonly format?: Readonly<Record<string, unknown>>
    readonly [key: string]: unknown
  }
}

/** The body that creates a connection table in the API of a stream processor, such as Arroyo or Laminar. */
export interface SourceConnection {
  /** What the table is called there. */
  readonly name?: string
  readonly connector: 'sse'
  /** `endpoint`, `headers` and `events`. */
  readonly config: SourceConfig
  readonly schema?: SourceConfig['schema'] | null
  /** SSE needs none. */
  readonly connection_profile_id?: null
}

const FORMAT = z
  .enum(['json', 'raw', 'raw_string'])
  .transform((format) => (format === 'json' ? format : 'raw'))

/** `{schema: {format: {json: {}}}}`, the form of stream processors. */
const SCHEMA = z.looseObject({
  format: z
    .union(
      [
        z.looseObject({ json: z.looseObject({}) }).transform(() => 'json' as const),
        z.looseObject({ raw: z.looseObject({}) }).transform(() => 'raw' as const),
        z.looseObject({ raw_string: z.looseObject({}) }).transform(() => 'raw' as const),
      ],
      { error: 'expected {json: {}}, {raw: {}} or {raw_string: {}}' },
    )
    .optional(),
})

const SOURCE_CONFIG = z
  .strictObject({
    type: z.literal('source').default('source'),
    connector: z.literal('sse').default('sse'),
    bad_data: z.enum(['fail', 'drop']).default('fail'),
    endpoint: z.url({ protocol: /^https?$/, error: 'expected an http or https URL' }),
    headers: z
      .union([z.record(z.string(), z.string()), z.string()], {
        error: "expected an object of strings, or a list such as 'Name: value,Name: value'",
      })
      .default({}),
    events: z
      .union([z.array(z.string()), z.string()], { error: 'expected a list of strings, or one with commas' })
      .optional(),
    format: FORMAT.optional(),
    schema: SCHEMA.optional(),
  })
  .refine((config) => !config.format || !config.schema?.format || config.format === config.schema.format, {
    path: ['format'],
    error: 'differs from schema.format: give one of them',
  })

const CONNECTION = z.strictObject({
  name: z.string().optional(),
  connector: z.literal('sse'),
  config: z.looseObject({}),
  schema: z.unknown().optional(),
  connection_profile_id: z.null().optional(),
})

/** A checked {@link SourceConfig}. */
export interface ParsedSourceConfig {
  readonly endpoint: string
  /** Variables are not substituted yet. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly events: readonly string[] | undefined
  readonly format: 'json' | 'raw'
  readonly dropsInvalid: boolean
}

/** Checks a configuration. The TypeError it throws names each wrong key and shows no value. */
export function parseSourceConfig(input: unknown): ParsedSourceConfig {
  const data = check(SOURCE_CONFIG, flatten(input))
  return {
    endpoint: data.endpoint,
    headers: typeof data.headers === 'string' ? parseHeaderList(data.headers) : Object.entries(data.headers),
    events: parseEvents(data.events),
    format: data.format ?? data.schema?.format ?? 'json',
    dropsInvalid: data.bad_data === 'drop',
  }
}

/** Makes a {@link SourceConfig} of a {@link SourceConnection}. */
function flatten(input: unknown): unknown {
  if (typeof input !== 'object' || input === null || !('config' in input)) return input
  const { config, schema } = check(CONNECTION, input)
  return { ...config, ...(schema != null && { schema }) }
}

function check<T>(schema: z.ZodType<T>, input: unknown): T {
  const { success, data, error } = schema.safeParse(input)
  if (success) return data
  const issues = error.issues.map(({ path, message }) => `${path.join('.') || 'it'}: ${message}`)
  throw new TypeError(`the source configuration is wrong: ${issues.join('; ')}`)
}

/** Parses `'Authorization: Bearer {{ TOKEN }},X-Client: a'`. A comma within a value is written `\,`. */
export function parseHeaderList(text: string): [name: string, value: string][] {
  return text
    .split(/(?<!\\),/)
    .filter((entry) => entry.trim() !== '')
    .map((entry, index) => {
      const colon = entry.indexOf(':')
      if (colon === -1) {
        throw new TypeError(
          `headers: entry ${index + 1} of the list has no colon; expected 'Name: value,Name: value', with \\, for a comma in a value`,
        )
      }
      return [
        entry.slice(0, colon).trim(),
        entry
          .slice(colon + 1)
          .trim()
          .replaceAll('\\,', ','),
      ]
    })
}

/** Replaces `{{ NAME }}` and `${NAME}` with the values of the variables. The TypeError it throws names a missing variable. */
export function substitute(
  text: string,
  variables: Readonly<Record<string, string | undefined>>,
  key: string,
): string {
  return text.replace(
    /\{\{\s*([^{}\s]+)\s*\}\}|\$\{\s*([^{}\s]+)\s*\}/g,
    (_, ...names: (string | undefined)[]) => {
      const name = (names[0] ?? names[1]) as string
      const value = Object.hasOwn(variables, name) ? variables[name] : undefined
      if (value === undefined) throw new TypeError(`${key}: the variable ${name} is not set`)
      return value
    },
  )
}

function parseEvents(events: string | readonly string[] | undefined): readonly string[] | undefined {
  const list = (typeof events === 'string' ? events.split(',') : (events ?? [])).map((event) => event.trim())
  const named = list.filter((event) => event !== '')
  return named.length > 0 ? named : undefined
}
