import type { Suite } from '../harness/suite.ts'
import { receivers, targets } from './receivers.ts'

export const suite: Suite = {
  title: 'Receiving, 80 events a chunk',
  description:
    'One HTTP/1.1 stream of events, some 190 bytes each, from a server in another process, as a server sends them that batches: CPU time of the reading process.',
  operation: 'event',
  operations: { full: 300_000, quick: 100_000, warmUp: 300_000 },
  contenders: receivers(80),
  targets,
}
