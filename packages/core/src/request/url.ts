/** Parses and checks a URL. The TypeError it throws shows no part of the URL, because any part could be a secret. */
export function parseUrl(input: string | URL): URL {
  const { document, location } = globalThis as { document?: { baseURI: string }; location?: { href: string } }
  let url: URL | undefined
  try {
    url = new URL(input, document?.baseURI ?? location?.href)
  } catch {
    // The error below says what is wrong without quoting the URL.
  }
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password) {
    throw new TypeError('url must be an absolute http or https URL without user and password')
  }
  url.hash = ''
  return url
}

/** A URL for errors and states: without user, password, query and fragment, which may be secrets. */
export function publicUrl(url: string | URL): string {
  const { origin, pathname } = new URL(url)
  return origin + pathname
}
