/** Parses and checks a URL. The TypeError it throws shows no part of the URL, because any part could be a secret. */
export function parseUrl(input: string | URL): URL {
  let url: URL | undefined
  try {
    url = resolveUrl(input)
  } catch {
    // The error below says what is wrong without quoting the URL.
  }
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password) {
    throw new TypeError('url must be an absolute http or https URL without user and password')
  }
  url.hash = ''
  return url
}

/** Parses a URL, relative to the page or worker if there is one. The error it throws may show the URL. */
export function resolveUrl(input: string | URL): URL {
  const { document, location } = globalThis as { document?: { baseURI: string }; location?: { href: string } }
  return new URL(input, document?.baseURI ?? location?.href)
}

/** A URL for errors and states: without user, password, query and fragment, which may be secrets. */
export function publicUrl(url: string | URL): string {
  const { origin, pathname } = new URL(url)
  return origin + pathname
}
