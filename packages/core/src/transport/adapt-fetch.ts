import type { Fetch } from './fetch.ts'

/** Makes a `fetch` of the caller's heed the signal to the end, and answer with the response if it throws for a status. */
export function adaptFetch(fetch: Fetch): Fetch {
  return async (input, init) => {
    let response: Response
    try {
      response = await fetch(input, init)
    } catch (error) {
      response = (Object(error) as { readonly response: Response }).response
      if (typeof response?.status !== 'number') throw error
    }
    const { body, status, headers, url } = response
    if (typeof body?.getReader !== 'function') return response
    // A client that throws for a status may have read what the server says.
    if (body.locked && status !== 200) return { status, headers, url, body: null } as unknown as Response
    const { signal } = init as { readonly signal: AbortSignal }
    const reader = body.getReader()
    const cancel = (): void => void reader.cancel().catch(() => {})
    if (signal.aborted) cancel()
    signal.addEventListener('abort', cancel)
    return { status, headers, url, body: { getReader: () => reader } } as unknown as Response
  }
}
