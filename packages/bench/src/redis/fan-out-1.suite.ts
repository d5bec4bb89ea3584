import type { Suite } from '../harness/suite.ts'
import { connections } from '../server/fan-out.ts'
import { contenders } from './contenders.ts'

const eventsATick = 1

export const suite: Suite = {
  title: 'Fan-out over Redis, one event a tick',
  description: `${connections} connections to one node, which publishes events of some 220 bytes itself; each delivery is checked by readers in another process: CPU time of the node, that of Redis not counted.`,
  operation: 'delivery',
  operations: { full: 200_000, quick: 12_500, warmUp: 50_000 },
  ...contenders(eventsATick),
}
