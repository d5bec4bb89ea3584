import { compare } from './printed.ts'
import type { Curl } from './read-page.ts'

export interface AskOptions {
  /** The timeout of an answer in milliseconds. */
  readonly limit: number
  /** Called once every response head has arrived. */
  readonly onHead: () => void
}

/**
 * Sends the page's curl requests for a port of a program, all at once, or a GET of its root if there are none. Resolves
 * to a summary of the answers. Rejects if an answer differs from the page.
 */
export async function askAsCurl(
  { wanted, port }: { readonly wanted: number; readonly port: number },
  curls: readonly Curl[],
  { limit, onHead }: AskOptions,
): Promise<string | undefined> {
  const lines = curls.filter(({ url }) => Number(url.port || 80) === wanted)
  if (lines.length === 0) {
    // The page promises nothing here: the server may not speak HTTP, or may be gone.
    const status = await ask(port, root, { limit, onHead }).catch(() => undefined)
    return status === undefined ? undefined : `port ${wanted} answered ${status}`
  }
  const waiting = new Set(lines)
  await Promise.all(
    lines.map((line) =>
      ask(port, line, {
        limit,
        onHead() {
          waiting.delete(line)
          if (waiting.size === 0) onHead()
        },
      }),
    ),
  )
  return `port ${wanted} answered ${lines.length} curl lines`
}

const root = {
  line: 0,
  url: new URL('http://localhost/'),
  method: 'GET',
  headers: {},
  body: undefined,
  prints: '',
}

async function ask(port: number, curl: Curl, { limit, onHead }: AskOptions): Promise<number> {
  const { line, url, method, headers, body, prints } = curl
  const leave = new AbortController()
  const response = await fetch(`http://127.0.0.1:${port}${url.pathname}${url.search}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body }),
    signal: AbortSignal.any([leave.signal, AbortSignal.timeout(limit)]),
  })
  if (line > 0 && response.status >= 400)
    throw new Error(`the curl of line ${line} got the status ${response.status}: ${await response.text()}`)
  let text = ''
  const decoder = new TextDecoder()
  onHead()
  try {
    for await (const chunk of response.body ?? []) {
      // The time of comments in the stream is not fixed, so they are removed.
      text = (text + decoder.decode(chunk, { stream: true })).replace(/^:.*\n/gm, '')
      if (prints === '' || compare(`… ${prints} …`, [text]) === 'all') return response.status
    }
  } catch (cause) {
    throw new Error(`the curl of line ${line} should print\n  ${prints}\nbut printed\n  ${text}`, { cause })
  } finally {
    leave.abort()
  }
  if (prints !== '')
    throw new Error(`the curl of line ${line} should print\n  ${prints}\nbut printed\n  ${text}`)
  return response.status
}
