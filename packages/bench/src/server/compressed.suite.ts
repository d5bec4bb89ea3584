import type { Suite } from '../harness/suite.ts'
import { sinkHandler } from './contenders.ts'
import { connections, fanOut } from './fan-out.ts'

export const suite: Suite = {
  title: 'Fan-out with shared compression, one event a tick',
  description: `${connections} connections over HTTP/1.1, events of some 220 bytes, each delivery decompressed and checked by readers in another process: CPU time of the serving process.`,
  operation: 'delivery',
  operations: { full: 200_000, quick: 25_000, warmUp: 120_000 },
  contenders: [
    fanOut('gzip, shared', 1, () => sinkHandler({ compression: 'shared' }), { gzip: true }),
    fanOut('identity', 1, sinkHandler),
  ],
  targets: [{ contender: 'gzip, shared', against: 'identity', atMost: 1.2 }],
}
