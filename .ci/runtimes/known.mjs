/** Known failures with their reason: a difference of the runtime, or a feature that another runtime has. */
export const known = [
  {
    on: ['bun', 'deno'],
    of: 'core',
    test: /^the README .*(Resuming after a restart|Runtimes and transports)$/,
    why: 'the example uses `fileCheckpoint` or `undiciTransport`, which only the entry for Node has',
  },
  {
    on: ['bun', 'deno'],
    of: 'core',
    test: /a header that undici refuses|ask for an event stream, uncached/,
    why: 'the runtime’s `fetch` sets its own user agent and codings, and rejects other headers',
  },
  {
    on: ['bun'],
    of: 'operators',
    test: /^the README runs as it says: Rolling metrics$/,
    why: '`console.log` breaks the lines of an object differently',
  },
]
