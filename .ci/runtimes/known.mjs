/** What does not pass, and why: a difference of the runtime's that is not ours to mend, or something that is only meant for another. */
export const known = [
  {
    on: ['bun', 'deno'],
    of: 'core',
    test: /^the README .*(Resuming after a restart|Runtimes and transports)$/,
    why: 'the example uses `fileCheckpoint` or `undiciTransport`, which the entry for Node alone has',
  },
  {
    on: ['bun', 'deno'],
    of: 'core',
    test: /a header that undici refuses|ask for an event stream, uncached/,
    why: 'the headers of `fetch` are the runtime’s: its user agent and codings, and what it refuses',
  },
  {
    on: ['bun'],
    of: 'operators',
    test: /^the README runs as it says: Rolling metrics$/,
    why: '`console.log` breaks an object into lines elsewhere than Node does',
  },
]
