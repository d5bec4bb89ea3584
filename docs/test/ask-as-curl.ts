import { compare } from './printed.ts'
import type { Curl } from './read-page.ts'

export interface AskOptions {
  /** Milliseconds that an answer may take. */
  readonly limit: number
  /** Called when the head of every answer is there. */
  readonly onHead: () => void
}

/**
 * Asks what a program listens at as the page's curl lines do, all at once, or for its root. Resolves to what came of it, if anything did;
 * rejects where an answer is not what the page says.
 */
export async function askAsCurl(
  { wanted, port }: { readonly wanted: number; readonly port: number },
  curls: readonly Curl[],
  { limit, onHead }: AskOptions,
): Promise<string | undefined> {
  const lines = curls.filter(({ url }) => Number(url.port || 80) === wanted)
  if (lines.length === 0) {
    // Nothing is promised here: what listens may be no HTTP server, or gone.
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
    throw new Error(`the curl of line ${line} is answered ${response.status}: ${await response.text()}`)
  let text = ''
  const decoder = new TextDecoder()
  onHead()
  try {
    for await (const chunk of response.body ?? []) {
      // Comments of the stream come when they come.
      text = (text + decoder.decode(chunk, { stream: true })).replace(/^:.*\n/gm, '')
      if (prints === '' || compare(`… ${prints} …`, [text]) === 'all') return response.status
    }
  } catch (cause) {
    throw new Error(`the curl of line ${line} says it prints\n  ${prints}\nand printed\n  ${text}`, { cause })
  } finally {
    leave.abort()
  }
  if (prints !== '')
    throw new Error(`the curl of line ${line} says it prints\n  ${prints}\nand printed\n  ${text}`)
  return response.status
}
