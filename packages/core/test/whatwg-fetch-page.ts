// @ts-expect-error It has no types.
import { fetch as untypedFetch } from 'whatwg-fetch'
import { fetchTransport, fromEventSource } from '../src/web.ts'

const fetch = untypedFetch as typeof globalThis.fetch

/** What the test of whatwg-fetch drives in the page. */
const whatwg = {
  /** How a stream over whatwg-fetch ends. */
  read: (url: string): Promise<{ code?: string; message?: string; data: string[] }> =>
    new Promise((resolve) => {
      const data: string[] = []
      fromEventSource(url, { transport: fetchTransport({ fetch }) }).subscribe({
        next: (event) => data.push(event.data),
        error: ({ code, message }) => resolve({ code, message, data }),
        complete: () => resolve({ data }),
      })
    }),
}

export type Whatwg = typeof whatwg

Object.assign(globalThis, { whatwg })
