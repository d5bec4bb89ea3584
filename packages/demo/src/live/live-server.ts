import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { PageFile } from './page-files.ts'

export interface LiveServerOptions {
  readonly files: ReadonlyMap<string, PageFile>
  /** Answered at `/snapshot.json`. */
  readonly snapshot: () => unknown
  /** By the name under `/sse/`. */
  readonly sinks: Readonly<
    Record<string, { readonly handler: (request: IncomingMessage, response: ServerResponse) => void }>
  >
}

/** The page, and the sinks that it and `curl` read. */
export function createLiveServer({ files, snapshot, sinks }: LiveServerOptions): Server {
  return createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://demo')
    const sink = pathname.startsWith('/sse/') ? sinks[pathname.slice('/sse/'.length)] : undefined
    if (sink !== undefined) {
      sink.handler(request, response)
      return
    }
    const file =
      pathname === '/snapshot.json'
        ? { type: 'application/json', body: Buffer.from(JSON.stringify(snapshot())) }
        : files.get(pathname)
    if (file === undefined) {
      response
        .writeHead(404, { 'content-type': 'text/plain' })
        .end(`Nothing here. Try ${[...paths(sinks)].join(' ')}\n`)
    } else if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { allow: 'GET, HEAD' }).end()
    } else {
      response.writeHead(200, { ...HEADERS, 'content-type': file.type, 'content-length': file.body.length })
      response.end(request.method === 'HEAD' ? undefined : file.body)
    }
  })
}

function* paths(sinks: LiveServerOptions['sinks']): Generator<string> {
  yield '/'
  for (const name of Object.keys(sinks)) yield `/sse/${name}`
}

const HEADERS = {
  'cache-control': 'no-store',
  // The page needs no other host, and so may reach none.
  'content-security-policy': "default-src 'self'; img-src data:",
  'x-content-type-options': 'nosniff',
}
