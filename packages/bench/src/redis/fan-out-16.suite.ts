import type { Suite } from '../harness/suite.ts'
import { CONNECTIONS } from '../server/fan-out.ts'
import { createContenders } from './contenders.ts'

const EVENTS_PER_TICK = 16

export const suite: Suite = {
  title: 'Fan-out over Redis, 16 events a tick',
  description: `${CONNECTIONS} connections to one node that publishes events of about 220 bytes itself. Readers in another process check each delivery. CPU time of the node without that of Redis.`,
  operation: 'delivery',
  operations: { full: 2_400_000, quick: 80_000, warmUp: 400_000 },
  ...createContenders(EVENTS_PER_TICK),
}
