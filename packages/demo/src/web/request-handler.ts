import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { fileURLToPath } from 'node:url'
import { readPageFiles } from './page-files.ts'

interface Mounted {
  readonly handler: (request: IncomingMessage, response: ServerResponse) => void
}

export interface RequestHandlerOptions {
  /** Returns the body of `/snapshot.json`. */
  readonly snapshot: () => Promise<unknown>
  /** The sinks by their name under `/sse/`. */
  readonly sinks: Readonly<Record<string, Mounted>>
  /** Serves `/inspector`. */
  readonly inspector: Mounted
}

/** Serves the page, and the sinks for the page and for `curl`. */
export function createRequestHandler({ snapshot, sinks, inspector }: RequestHandlerOptions): RequestListener {
  const files = readPageFiles(fileURLToPath(new URL('../page/', import.meta.url)))

  return async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://demo')
    const name = pathname.startsWith('/sse/') ? pathname.slice('/sse/'.length) : undefined
    const mounted = pathname === '/inspector' ? inspector : sinks[name ?? '']
    if (mounted !== undefined) {
      mounted.handler(request, response)
      return
    }
    const file = pathname === '/snapshot.json' ? SNAPSHOT : files.get(pathname)
    if (file === undefined) {
      response
        .writeHead(404, { 'content-type': 'text/plain' })
        .end(`Not found. Try ${[...listPaths(sinks)].join(' ')}\n`)
    } else if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { allow: 'GET, HEAD' }).end()
    } else {
      const body = 'body' in file ? file.body : await snapshot().then(toJson, () => undefined)
      if (body === undefined) {
        response.writeHead(503, { ...HEADERS, 'retry-after': '2' }).end()
        return
      }
      response.writeHead(200, { ...HEADERS, 'content-type': file.type, 'content-length': body.length })
      response.end(request.method === 'HEAD' ? undefined : body)
    }
  }
}

const SNAPSHOT = { type: 'application/json' }

function toJson(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value))
}

function* listPaths(sinks: RequestHandlerOptions['sinks']): Generator<string> {
  yield '/'
  yield '/inspector'
  for (const name of Object.keys(sinks)) yield `/sse/${name}`
}

const HEADERS = {
  'cache-control': 'no-store',
  // The page loads nothing from other hosts.
  'content-security-policy': "default-src 'self'; img-src data:",
  'x-content-type-options': 'nosniff',
}
