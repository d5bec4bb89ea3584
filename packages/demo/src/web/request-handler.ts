import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { fileURLToPath } from 'node:url'
import type { EventLog } from '@rxsse/server'
import { readHistory } from './history.ts'
import { readPageFiles } from './page-files.ts'

interface Mounted {
  readonly handler: (request: IncomingMessage, response: ServerResponse) => void
}

export interface RequestHandlerOptions {
  /** Serves `/sse`. */
  readonly sink: Mounted
  /** The log of the sink, for `/snapshot.json`: what the page shows before its first live message. */
  readonly log: EventLog
  /** Serves `/inspector`. */
  readonly inspector: Mounted
}

/** Serves the page, and the sink for the page and for `curl`. */
export function createRequestHandler({ sink, log, inspector }: RequestHandlerOptions): RequestListener {
  const files = readPageFiles(fileURLToPath(new URL('../page/', import.meta.url)))
  const mounts: Readonly<Record<string, Mounted>> = { '/sse': sink, '/inspector': inspector }

  return async (request, response) => {
    // A URL of the request line may be none that `URL` accepts, such as `//`.
    const [pathname = '/'] = (request.url ?? '/').split('?', 1)
    const mounted = mounts[pathname]
    if (mounted !== undefined) {
      mounted.handler(request, response)
      return
    }
    const file = pathname === '/snapshot.json' ? SNAPSHOT : files.get(pathname)
    if (file === undefined) {
      response
        .writeHead(404, { 'content-type': 'text/plain' })
        .end(`Not found. Try / ${Object.keys(mounts).join(' ')}\n`)
    } else if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { allow: 'GET, HEAD' }).end()
    } else {
      const body =
        'body' in file
          ? file.body
          : await readHistory(log, HISTORY_LENGTH, ['status']).then(toJson, () => undefined)
      if (body === undefined) {
        response.writeHead(503, { ...HEADERS, 'retry-after': '2' }).end()
        return
      }
      response.writeHead(200, { ...HEADERS, 'content-type': file.type, 'content-length': body.length })
      response.end(request.method === 'HEAD' ? undefined : body)
    }
  }
}

const HISTORY_LENGTH = 400
const SNAPSHOT = { type: 'application/json' }

function toJson(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value))
}

const HEADERS = {
  'cache-control': 'no-store',
  // The page loads nothing from other hosts.
  'content-security-policy': "default-src 'self'; img-src data:",
  'x-content-type-options': 'nosniff',
}
