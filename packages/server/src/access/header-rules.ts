import { ANY, checkOptions, type OptionChecks } from '../http/check-options.ts'
import type { SinkRequest } from '../http/request.ts'
import type { Access, AccessDecision } from './access.ts'
import { compareSecret } from './compare-secret.ts'

/**
 * A rule for one request header.
 *
 * - `exists`: the header is present.
 * - `equals`: it is this text. `caseSensitive: false` ignores case.
 * - `matches`: the pattern is found in it, anywhere unless anchored.
 * - `secret`: it is the value of an environment variable, compared in constant time. With a
 *   `scheme` such as `Bearer`, it is that word in any case, a space and the value.
 */
export type HeaderRule =
  | { readonly exists: true }
  | { readonly equals: string; readonly caseSensitive?: boolean }
  | { readonly matches: string | RegExp; readonly caseSensitive?: boolean }
  | { readonly secret: string; readonly scheme?: string }

export interface NamedHeaderRule {
  readonly header: string
  readonly rule: HeaderRule
}

export interface HeaderRulesOptions {
  /** The environment variables of secrets, read once. Default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** The `WWW-Authenticate` header if a header is missing. Default `Bearer`. */
  readonly challenge?: string
}

/**
 * Builds an `access` function from rules that the request headers must all fulfil: one for each
 * header, or a list that may have several for a header. A missing header is answered 401, a wrong
 * one 403. No error and no response shows the value of a header or a variable.
 *
 * @throws TypeError if a rule is malformed or its environment variable is not set.
 */
export function headerRules(
  rules: Readonly<Record<string, HeaderRule>> | readonly NamedHeaderRule[],
  options: HeaderRulesOptions = {},
): Access {
  const { env = readEnvironment(), challenge = 'Bearer' } = checkOptions(options, CHECKS, 'headerRules: ')
  const list = Array.isArray(rules)
    ? (rules as readonly NamedHeaderRule[])
    : Object.entries(rules).map(([header, rule]) => ({ header, rule }))
  const checks = list.map(({ header, rule }) => ({ name: header, check: createCheck(header, rule, env) }))
  return async ({ headers }: SinkRequest): Promise<AccessDecision> => {
    if (checks.some(({ name }) => !headers.has(name))) return { deny: 401, challenge }
    // Every check runs, so that the time taken does not tell which one failed.
    const results = await Promise.all(checks.map(({ name, check }) => check(String(headers.get(name)))))
    return results.every(Boolean) ? { allow: true } : { deny: 403 }
  }
}

const CHECKS: OptionChecks<HeaderRulesOptions> = { env: ANY, challenge: ANY }

type Check = (value: string) => boolean | Promise<boolean>

function createCheck(
  name: string,
  rule: HeaderRule,
  env: Readonly<Record<string, string | undefined>>,
): Check {
  if ('secret' in rule) {
    const secret = env[rule.secret]
    if (secret === undefined || secret === '') {
      throw new TypeError(
        `headerRules: ${name} needs the environment variable ${rule.secret}, which is not set`,
      )
    }
    const { scheme } = rule
    if (scheme === undefined) return (value) => compareSecret(value, secret)
    return (value) => {
      // The scheme is no secret, and its case does not matter (RFC 9110, 11.1).
      const [, given = '', credentials = ''] = /^(\S+) +(.*)$/.exec(value) ?? []
      const isScheme = given.toLowerCase() === scheme.toLowerCase()
      return compareSecret(credentials, secret).then((isSecret) => isScheme && isSecret)
    }
  }
  if ('equals' in rule) {
    if (rule.caseSensitive ?? true) return (value) => value === rule.equals
    const wanted = rule.equals.toLowerCase()
    return (value) => value.toLowerCase() === wanted
  }
  if ('matches' in rule) {
    const pattern = compilePattern(name, rule.matches, rule.caseSensitive ?? true)
    return (value) => pattern.test(value)
  }
  if ('exists' in rule) return () => true
  throw new TypeError(
    `headerRules: ${name} must have exists, equals, matches or secret, not ${JSON.stringify(Object.keys(rule))}`,
  )
}

function compilePattern(name: string, matches: string | RegExp, caseSensitive: boolean): RegExp {
  const { source, flags } = typeof matches === 'string' ? { source: matches, flags: '' } : matches
  // A sticky or global pattern remembers its last match, so the next test could give another
  // result.
  const kept = flags.replace(/[gy]/g, '')
  try {
    return new RegExp(source, caseSensitive || kept.includes('i') ? kept : `${kept}i`)
  } catch (cause) {
    throw new TypeError(`headerRules: the pattern that ${name} must match is no regular expression`, {
      cause,
    })
  }
}

function readEnvironment(): Readonly<Record<string, string | undefined>> {
  return typeof process === 'undefined' ? {} : process.env
}
