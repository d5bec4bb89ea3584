import type { Suite } from '../harness/suite.ts'
import { createReceivers, TARGETS } from './receivers.ts'

export const suite: Suite = {
  title: 'Receiving, 80 events a chunk',
  description:
    'One HTTP/1.1 stream of events of about 190 bytes from a server in another process that batches them: CPU time of the reading process.',
  operation: 'event',
  operations: { full: 300_000, quick: 100_000, warmUp: 300_000 },
  contenders: createReceivers(80),
  targets: TARGETS,
}
