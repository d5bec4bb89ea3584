import type { Suite } from '../harness/suite.ts'
import { createBareLoop, createBetterSse, createServedSink, createSinkHandler } from './contenders.ts'
import { createIdle } from './idle.ts'

export const suite: Suite = {
  title: 'Memory of idle connections',
  description:
    'Resident memory of the serving process for each connection that is open and silent. The clients are in another process. There is a collection after every hundred clients: after a rush of thousands V8 keeps more of its young generation, some 14 KiB each. CPU time is that of accepting a client and of collecting after it. @rxsse/server is to take at most 10 KiB with takeover, as serveSinks has it, and shared compression at most 1 KiB more.',
  operation: 'connection',
  operations: { full: 3_000, quick: 500, warmUp: 500 },
  contenders: [
    createIdle('@rxsse/server, serveSinks', createServedSink),
    createIdle('serveSinks, shared compression', () => createServedSink({ compression: 'shared' }), {
      gzip: true,
    }),
    createIdle('@rxsse/server', createSinkHandler),
    createIdle('bare loop', createBareLoop),
    createIdle('better-sse', createBetterSse),
  ],
}
