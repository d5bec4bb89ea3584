import { readFileSync } from 'node:fs'
import { eventStreamCases, httpCases } from '@rxsse/testing'

/** Gzipped, without RxJS, as the check of what would be published has recorded them. */
const sizes: Readonly<Record<string, number>> = JSON.parse(
  readFileSync(new URL('../../.ci/published/sizes.json', import.meta.url), 'utf8'),
)

/** What the home page shows besides its text. Figures are read, where there is something to read them from. */
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
  const size = sizes[name]
  if (size === undefined) throw new Error(`.ci/published/sizes.json has no size of ${name}`)
  return `${(size / 1000).toFixed(1)} kB gzipped`
}
