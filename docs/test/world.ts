import { createScriptedServer, type RecordedRequest, testCertificate } from '@rxsse/testing'
import { listEndpoints } from './endpoints.ts'
import { createFeed, type Feed } from './feed.ts'
import type { Page } from './read-page.ts'

/** The network of a program: every host is a local server. */
export interface World extends AsyncDisposable {
  /** The local ports for connections to other machines. */
  readonly ports: { readonly http: number; readonly https: number }
  /** Requests without a feed, as `METHOD url`. */
  readonly unknown: readonly string[]
  /** The number of answered requests. */
  readonly answered: number
  /** Signals that the program's own server has a client. Feeds may wait for it. */
  visit(): void
}

/** Starts the endpoints in the comments of `page` and those of {@link listEndpoints}. */
export async function createWorld(page: Page): Promise<World> {
  const feeds = new Map<string, Feed>(Object.entries(listEndpoints(page.path)))
  for (const feed of page.feeds) feeds.set(`${feed.method} ${feed.url}`, createFeed(feed))
  const unknown: string[] = []
  const visited = Promise.withResolvers<void>()
  let answered = 0

  const script =
    (scheme: 'http' | 'https') =>
    (request: RecordedRequest): ReturnType<Feed> => {
      const url = `${scheme}://${request.headers.host}${request.path}`
      const feed =
        feeds.get(`${request.method} ${url}`) ?? feeds.get(`${request.method} ${url.replace(/\?.*/, '')}`)
      if (feed === undefined) {
        unknown.push(`${request.method} ${url}`)
        return { status: 404, body: [`no feed for ${request.method} ${url}`] }
      }
      answered++
      return feed(request, visited.promise)
    }
  const http = await createScriptedServer(script('http'))
  const https = await createScriptedServer(script('https'), { tls: testCertificate })
  return {
    ports: { http: http.port, https: https.port },
    unknown,
    get answered() {
      return answered
    },
    visit: visited.resolve,
    async [Symbol.asyncDispose]() {
      await Promise.all([http.close(), https.close()])
    },
  }
}
