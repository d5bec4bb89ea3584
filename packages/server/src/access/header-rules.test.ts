import { describe, expect, it } from 'vitest'
import type { SinkRequest } from '../http/request.ts'
import { type HeaderRule, headerRules } from './header-rules.ts'

function request(headers: Record<string, string>): SinkRequest {
  return {
    method: 'GET',
    url: new URL('http://localhost/'),
    headers: new Headers(headers),
    signal: new AbortController().signal,
    raw: undefined,
  }
}

const ENV = { API_KEY: 'hunter2', EMPTY: '' }

async function decide(rule: HeaderRule, value: string | undefined): Promise<unknown> {
  const access = headerRules({ 'X-Key': rule }, { env: ENV })
  const decision = await access(request(value === undefined ? {} : { 'x-key': value }))
  return 'allow' in decision ? 'allow' : decision.deny
}

describe('headerRules', () => {
  it.each<[HeaderRule, string | undefined, unknown]>([
    [{ exists: true }, 'anything', 'allow'],
    [{ exists: true }, '', 'allow'],
    [{ exists: true }, undefined, 401],
    [{ equals: 'Value' }, 'Value', 'allow'],
    [{ equals: 'Value' }, 'value', 403],
    [{ equals: 'Value', caseSensitive: false }, 'vALUE', 'allow'],
    [{ equals: 'Value' }, undefined, 401],
    [{ matches: '^Bearer .+$' }, 'Bearer x', 'allow'],
    [{ matches: '^Bearer .+$' }, 'bearer x', 403],
    [{ matches: '^Bearer .+$', caseSensitive: false }, 'bearer x', 'allow'],
    [{ matches: /^a/g }, 'abc', 'allow'],
    [{ secret: 'API_KEY' }, 'hunter2', 'allow'],
    [{ secret: 'API_KEY' }, 'hunter', 403],
    [{ secret: 'API_KEY' }, 'Hunter2', 403],
    [{ secret: 'API_KEY' }, undefined, 401],
    [{ secret: 'API_KEY', scheme: 'Bearer' }, 'Bearer hunter2', 'allow'],
    [{ secret: 'API_KEY', scheme: 'Bearer' }, 'hunter2', 403],
  ])('%j with %j is %s', async (rule, value, wanted) => {
    expect(await decide(rule, value)).toBe(wanted)
  })

  it('gives the same result for a global pattern each time', async () => {
    const access = headerRules({ 'x-key': { matches: /a/g } })
    for (let i = 0; i < 3; i++) expect(await access(request({ 'x-key': 'a' }))).toEqual({ allow: true })
  })

  it('demands all headers, and answers 401 if one is missing', async () => {
    const access = headerRules({ 'x-a': { exists: true }, 'x-b': { equals: 'b' } }, { challenge: 'Key' })
    expect(await access(request({ 'x-a': '1' }))).toEqual({ deny: 401, challenge: 'Key' })
    expect(await access(request({ 'x-a': '1', 'x-b': 'c' }))).toEqual({ deny: 403 })
    expect(await access(request({ 'x-a': '1', 'x-b': 'b' }))).toEqual({ allow: true })
  })

  it.each<[Record<string, HeaderRule>, RegExp]>([
    [{ 'x-key': { secret: 'NOT_SET' } }, /x-key needs the environment variable NOT_SET, which is not set/],
    [{ 'x-key': { secret: 'EMPTY' } }, /EMPTY, which is not set/],
    [{ 'x-key': { matches: '(' } }, /the pattern that x-key must match is no regular expression/],
    [
      { 'x-key': { equal: 'x' } as never },
      /x-key must have exists, equals, matches or secret, not \["equal"\]/,
    ],
  ])('rejects the rules %j at once', (rules, text) => {
    expect(() => headerRules(rules, { env: ENV })).toThrow(text)
  })

  it.each<Record<string, HeaderRule>>([
    { 'x-key': { equals: 'hunter2' }, authorization: { secret: 'NOT_SET' } },
    { 'x-key': { matches: 'hunter2(' } },
    { 'x-key': { secret: 'KEY' }, authorization: { equal: 'hunter2' } as never },
  ])('shows no value in an error: %j', (rules) => {
    let message = ''
    try {
      headerRules(rules, { env: { KEY: 'hunter2' } })
    } catch (error) {
      message = String(error)
    }
    expect(message).toMatch(/headerRules: /)
    expect(message).not.toContain('hunter2')
  })
})
