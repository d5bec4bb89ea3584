import { resolveUrl } from '../request/url.ts'

/** Parses a URL as the constructor of an EventSource does. */
export function parseUrl(input: string | URL): URL {
  try {
    return resolveUrl(input)
  } catch {
    // Without the URL, which may hold a secret.
    throw new DOMException('the url of an EventSource does not parse', 'SyntaxError')
  }
}

/** Why a URL that parses cannot be connected to. Undefined if it can. */
export function findFlaw({ protocol, username, password }: URL): string | undefined {
  if (protocol !== 'http:' && protocol !== 'https:') return `the url is one of ${protocol}, not http or https`
  // Chromium refuses them, too.
  if (username || password) return 'the url has a user or a password: send an Authorization header'
  return undefined
}
