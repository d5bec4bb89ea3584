import { optionError, unknownOptionError } from '@rxsse/shared'

/** What an option must be if it is given. */
export interface OptionCheck {
  readonly expected: string
  accepts(value: unknown): boolean
}

/**
 * A check for each option of a type. The compiler refuses a list that lacks one. The path of an option
 * within an object has its prefix, such as `limits.`.
 */
export type OptionChecks<Options, Prefix extends string = ''> = {
  readonly [Name in keyof Options & string as `${Prefix}${Name}`]-?: OptionCheck
}

/** Its value is checked elsewhere, or may be any. */
export const ANY: OptionCheck = { expected: 'anything', accepts: () => true }

export const FUNCTION: OptionCheck = {
  expected: 'a function',
  accepts: (value) => typeof value === 'function',
}

/** Plain JavaScript may read the text `'false'` from the environment, which is true. */
export const BOOLEAN: OptionCheck = {
  expected: 'true or false',
  accepts: (value) => typeof value === 'boolean',
}

/** A number or a text would be ignored: it has no properties that are read. */
export function anObject(example: string, or?: false): OptionCheck {
  return {
    expected: `an object such as ${example}${or === false ? ', or false' : ''}`,
    accepts: (value) => value === or || (typeof value === 'object' && value !== null),
  }
}

/** A function that makes a log is a likely mistake for the log itself. */
export const EVENT_LOG: OptionCheck = {
  expected: 'an event log such as memoryLog({ capacity: 1_000 })',
  accepts: (value) =>
    ['append', 'since', 'head', 'close'].every((method) => typeof Object(value)[method] === 'function'),
}

export const TOPIC_PATTERN: OptionCheck = {
  expected: "a pattern such as 'alert.*', or a list of patterns",
  accepts: (value) => [value].flat().every((each) => typeof each === 'string'),
}

/** RFC 9110, 5.6.2: a header's name or a method. */
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/

export const HEADER_NAMES: OptionCheck = {
  expected: "a list of headers such as ['x-request-id']",
  accepts: (value) => isListOf(value, TOKEN),
}

export const METHODS: OptionCheck = {
  expected: "a list of methods such as ['GET', 'POST']",
  accepts: (value) => isListOf(value, /^[A-Z][A-Z-]*$/) && (value as unknown[]).length > 0,
}

export function oneOf(...values: readonly string[]): OptionCheck {
  return {
    expected: values.map((value) => `'${value}'`).join(' or '),
    accepts: (value) => (values as readonly unknown[]).includes(value),
  }
}

/**
 * Returns the options, checked by their paths. Otherwise, a wrong one would be ignored, or fail at
 * every request. `prefix` comes before each path in an error.
 *
 * @throws TypeError that names the option, or the nearest to a name that is none.
 */
export function checkOptions<Options extends object>(
  options: Options,
  checks: Readonly<Record<string, OptionCheck>>,
  prefix = '',
): Options {
  if (typeof options !== 'object' || options === null)
    throw optionError(`${prefix}options`, 'an object', options)
  for (const [path, check] of Object.entries(checks)) {
    let value: unknown = options
    for (const name of path.split('.')) value = Object(value)[name]
    if (value !== undefined && !check.accepts(value)) throw optionError(prefix + path, check.expected, value)
  }
  checkNames(options, Object.keys(checks), '', prefix)
  return options
}

/** A misspelt `access` would let everybody in. `at` is the path of the object, with a dot. */
function checkNames(options: object, paths: readonly string[], at: string, prefix: string): void {
  const known = paths.filter((path) => path.startsWith(at) && !path.includes('.', at.length))
  if (known.length === 0) return
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue
    const path = at + name
    if (!known.includes(path)) {
      throw unknownOptionError(
        prefix + path,
        known.map((each) => prefix + each),
      )
    }
    if (typeof value === 'object' && value !== null) checkNames(value, paths, `${path}.`, prefix)
  }
}

function isListOf(value: unknown, pattern: RegExp): boolean {
  return Array.isArray(value) && value.every((each) => typeof each === 'string' && pattern.test(each))
}
