import type { Suite } from '../harness/suite.ts'
import { connections } from '../server/fan-out.ts'
import { contenders } from './contenders.ts'

const eventsATick = 16

export const suite: Suite = {
  title: 'Fan-out over Redis, 16 events a tick',
  description: `${connections} connections to one node, which publishes events of some 220 bytes itself; each delivery is checked by readers in another process: CPU time of the node, that of Redis not counted.`,
  operation: 'delivery',
  operations: { full: 2_400_000, quick: 80_000, warmUp: 400_000 },
  ...contenders(eventsATick),
}
