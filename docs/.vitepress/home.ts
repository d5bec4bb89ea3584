import { spawnSync } from 'node:child_process'
import { eventStreamCases, httpCases } from '@rxsse/testing'

const repository = new URL('../../', import.meta.url)

/** Bundle sizes, minified and gzipped, without RxJS. A size over its limit fails the check of sizes, not the site. */
const sizes: readonly { name: string; size: number }[] = JSON.parse(
  spawnSync('node_modules/.bin/size-limit', ['--config', '.ci/size-limit.mjs', '--json'], {
    cwd: repository,
    encoding: 'utf8',
  }).stdout,
)

/** The hero and the features of the home page. */
export const home = {
  hero: {
    name: 'rxsse',
    text: 'Server-Sent Events that reconnect and resume',
    tagline:
      'Read an SSE endpoint as an RxJS Observable: every event once, in order, over any number of lost connections. Serve any Observable as an SSE endpoint that replays what its clients missed.',
    actions: [
      { theme: 'brand', text: 'Get started', link: '/start' },
      { theme: 'alt', text: 'Compare', link: '/comparison' },
      { theme: 'alt', text: 'Operators', link: '/operators/' },
    ],
  },
  features: [
    {
      title: 'One stream, many connections',
      details: `Backoff, Retry-After, Last-Event-ID, redirects and token refresh. ${eventStreamCases.length} parsing cases and ${httpCases.length} HTTP cases test it against the HTML standard. ${kilobytes('@rxsse/core: fromEventSource')} in a browser.`,
    },
    {
      title: 'Event-time windows',
      details:
        'Tumbling, hopping and session windows, watermarks, late results. An event in 3,600 windows costs about as much as one in 6.',
    },
    {
      title: 'No silent loss',
      details:
        'For every operator, in = out + late + dropped + rejected + buffered at any time. The stream tells a client about a gap in the log.',
    },
    {
      title: 'Bounded memory',
      details:
        'At most 16 MiB for an event, 1,000 messages or 1 MiB for a slow client, and ttl and maxKeys for state by key. A gate extends backpressure to the socket.',
    },
    {
      title: 'Encode once',
      details:
        'An event is encoded once, and every socket gets the same buffer. Rooms, users, replay, heartbeats, shared compression, drain.',
    },
    {
      title: 'Any number of nodes',
      details: 'A log on Redis Streams: one order, resume from any node, and nothing lost if a node dies.',
    },
  ],
}

function kilobytes(name: string): string {
  const found = sizes.find((one) => one.name === name)
  if (found === undefined) throw new Error(`.ci/size-limit.mjs has no limit for ${name}`)
  return `${(found.size / 1000).toFixed(1)} kB gzipped`
}
