import type { SinkRequest } from '../http/request.ts'
import type { Access, AccessDecision } from './access.ts'
import { sameSecret } from './compare-secret.ts'

/**
 * What one request header must be.
 *
 * - `exists`: there.
 * - `equals`: this text; `caseSensitive: false` compares without regard to case.
 * - `matches`: a pattern, found anywhere in it unless anchored.
 * - `secret`: the value of an environment variable, compared in constant time; with a `scheme`, `Bearer` say,
 *   the header is that word, a space and the value.
 */
export type HeaderRule =
  | { readonly exists: true }
  | { readonly equals: string; readonly caseSensitive?: boolean }
  | { readonly matches: string | RegExp; readonly caseSensitive?: boolean }
  | { readonly secret: string; readonly scheme?: string }

export interface HeaderRulesOptions {
  /** Where secrets are looked up, once. Default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** The `WWW-Authenticate` header where one is missing. Default `Bearer`. */
  readonly challenge?: string
}

/**
 * An `access` of rules that request headers must all fulfil: one that is missing is answered 401, one that is
 * wrong 403. Throws at once where a rule is malformed or its environment variable is not set; no value is ever
 * part of an error or an answer.
 */
export function headerRules(
  rules: Readonly<Record<string, HeaderRule>>,
  { env = environment(), challenge = 'Bearer' }: HeaderRulesOptions = {},
): Access {
  const checks = Object.entries(rules).map(([name, rule]) => ({ name, check: checkOf(name, rule, env) }))
  return async ({ headers }: SinkRequest): Promise<AccessDecision> => {
    if (checks.some(({ name }) => !headers.has(name))) return { deny: 401, challenge }
    // Every check runs, so that the time taken does not tell which one failed.
    const results = await Promise.all(checks.map(({ name, check }) => check(String(headers.get(name)))))
    return results.every(Boolean) ? { allow: true } : { deny: 403 }
  }
}

type Check = (value: string) => boolean | Promise<boolean>

function checkOf(name: string, rule: HeaderRule, env: Readonly<Record<string, string | undefined>>): Check {
  if ('secret' in rule) {
    const secret = env[rule.secret]
    if (secret === undefined || secret === '') {
      throw new TypeError(
        `headerRules: ${name} asks for the environment variable ${rule.secret}, which is not set`,
      )
    }
    const wanted = rule.scheme === undefined ? secret : `${rule.scheme} ${secret}`
    return (value) => sameSecret(value, wanted)
  }
  if ('equals' in rule) {
    if (rule.caseSensitive ?? true) return (value) => value === rule.equals
    const wanted = rule.equals.toLowerCase()
    return (value) => value.toLowerCase() === wanted
  }
  if ('matches' in rule) {
    const pattern = patternOf(name, rule.matches, rule.caseSensitive ?? true)
    return (value) => pattern.test(value)
  }
  if ('exists' in rule) return () => true
  throw new TypeError(
    `headerRules: ${name} has the keys ${JSON.stringify(Object.keys(rule))}; give exists, equals, matches or secret`,
  )
}

function patternOf(name: string, matches: string | RegExp, caseSensitive: boolean): RegExp {
  const { source, flags } = typeof matches === 'string' ? { source: matches, flags: '' } : matches
  // A sticky or global pattern remembers where it was, and would answer differently the next time.
  const kept = flags.replace(/[gy]/g, '')
  try {
    return new RegExp(source, caseSensitive || kept.includes('i') ? kept : `${kept}i`)
  } catch (cause) {
    throw new TypeError(`headerRules: ${name} matches a pattern that is no regular expression`, { cause })
  }
}

function environment(): Readonly<Record<string, string | undefined>> {
  return typeof process === 'undefined' ? {} : process.env
}
