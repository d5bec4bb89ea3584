/**
 * Known failures with their reason: a difference of the runtime, or a feature that another runtime has. One that is `rare`
 * may also pass.
 */
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
  {
    on: ['bun', 'deno'],
    of: 'core',
    test: /a timeout for connecting (gives up|covers)|a loader that hangs|if the loader hangs/,
    why: '`fetch` does not tell when a connection stands, so only `timeouts.head` counts',
  },
  {
    on: ['bun'],
    of: 'core',
    test: /^until is looked for over|resumes from, although it filters|resumes after a cut, and|^decide (is told of each|names a delay)|for connecting ends when/,
    why: 'the runtime’s `fetch` drops what came right before a cut; events with ids come again',
    rare: true,
  },
  {
    on: ['bun'],
    of: 'operators',
    test: /^a feed (has|is)/,
    why: 'the runtime’s `fetch` drops what came right before a cut; events with ids come again',
    rare: true,
  },
  {
    on: ['bun'],
    of: 'operators',
    test: /keeps nothing alive|takes? no more memory/,
    why: 'JavaScriptCore frees memory at another time',
    rare: true,
  },
]
