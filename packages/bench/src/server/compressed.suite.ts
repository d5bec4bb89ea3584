import type { Suite } from '../harness/suite.ts'
import { createSinkHandler } from './contenders.ts'
import { CONNECTIONS, createFanOut } from './fan-out.ts'

export const suite: Suite = {
  title: 'Fan-out with shared compression, one event a tick',
  description: `${CONNECTIONS} connections over HTTP/1.1, events of about 220 bytes, each delivery decompressed and checked by readers in another process: CPU time of the serving process.`,
  operation: 'delivery',
  operations: { full: 200_000, quick: 25_000, warmUp: 120_000 },
  contenders: [
    createFanOut('gzip, shared', 1, () => createSinkHandler({ compression: 'shared' }), { gzip: true }),
    createFanOut('identity', 1, createSinkHandler),
  ],
  targets: [{ contender: 'gzip, shared', against: 'identity', atMost: 1.2 }],
}
