import { execFileSync } from 'node:child_process'
import { eventStreamCases, httpCases } from '@rxsse/testing'

const repository = new URL('../../', import.meta.url)

/** Bundle sizes, minified and gzipped, without RxJS. */
const sizes: readonly { name: string; size: number }[] = JSON.parse(
  execFileSync('node_modules/.bin/size-limit', ['--config', '.ci/size-limit.mjs', '--json'], {
    cwd: repository,
    encoding: 'utf8',
  }),
)

/** The hero and the features of the home page. */
export const home = {
  hero: {
    name: 'rxsse',
    text: 'Server-Sent Events for RxJS',
    tagline:
      'Reads an SSE endpoint as an Observable that outlives its connections, and serves any Observable as an endpoint that knows what its readers have missed.',
    actions: [
      { theme: 'brand', text: 'In five minutes', link: '/start' },
      { theme: 'alt', text: 'Operators', link: '/operators/' },
      { theme: 'alt', text: 'API', link: '/api/' },
    ],
  },
  features: [
    {
      title: 'One stream, many connections',
      details: `Backoff, Retry-After, Last-Event-ID, redirects and token refresh, by the HTML standard: ${eventStreamCases.length} cases of parsing and ${httpCases.length} of HTTP are tests. ${kilobytes('@rxsse/core: fromEventSource')} in a browser.`,
    },
    {
      title: 'Windows of event time',
      details:
        'Tumbling, hopping and session windows, watermarks, late results. An event that is in 3,600 windows costs about what one in 6 does.',
    },
    {
      title: 'Nothing lost in silence',
      details:
        'in = out + late + dropped + rejected + buffered, at every moment, for every operator. A gap in a log is told to the reader, in the stream.',
    },
    {
      title: 'Bounded',
      details:
        'An event takes 16 MiB at most, a slow client 1,000 messages or 1 MiB, state by key what ttl and maxKeys say. With a gate the pressure reaches the socket.',
    },
    {
      title: 'Bytes made once',
      details:
        'An event is encoded once, and the same buffer goes to every socket. Rooms, users, replay, heartbeats, shared compression, drain.',
    },
    {
      title: 'Any number of nodes',
      details:
        'A log on Redis Streams: one order, a resume from any node, and the death of one loses nothing.',
    },
  ],
}

function kilobytes(name: string): string {
  const found = sizes.find((one) => one.name === name)
  if (found === undefined) throw new Error(`.ci/size-limit.mjs has no limit for ${name}`)
  return `${(found.size / 1000).toFixed(1)} kB gzipped`
}
