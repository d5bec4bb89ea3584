import { type Attempt, createScriptedServer, type RecordedRequest, testCertificate } from '@rxsse/testing'
import { endpointsOf } from './endpoints.ts'
import { createFeed, type Feed } from './feed.ts'
import type { Page } from './read-page.ts'

/** The network as one program sees it: whatever host it names is a server here. */
export interface World extends AsyncDisposable {
  /** Where connections to other machines go instead. */
  readonly ports: { readonly http: number; readonly https: number }
  /** Requests that nothing is said about, as `METHOD url`. */
  readonly unknown: readonly string[]
  /** How many requests were answered. */
  readonly answered: number
  /** To be called when the program's own server has a client, which feeds may wait for. */
  visit(): void
}

/** Starts what `page` says its endpoints send, and what {@link endpointsOf} says of it. */
export async function createWorld(page: Page): Promise<World> {
  const feeds = new Map<string, Feed>(Object.entries(endpointsOf(page.path)))
  for (const feed of page.feeds) feeds.set(`${feed.method} ${feed.url}`, createFeed(feed))
  const unknown: string[] = []
  const visited = Promise.withResolvers<void>()
  let answered = 0

  const script =
    (scheme: 'http' | 'https') =>
    (request: RecordedRequest): Attempt | undefined => {
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
