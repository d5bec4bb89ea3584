import type { Suite } from '../harness/suite.ts'
import { CONNECTIONS } from '../server/fan-out.ts'
import { createContenders } from './contenders.ts'

const EVENTS_PER_TICK = 1

export const suite: Suite = {
  title: 'Fan-out on two cores, one event a tick',
  description: `${CONNECTIONS} connections to two workers of node:cluster. The primary keeps the log and publishes events of about 220 bytes. Readers in another process check each delivery. CPU time of the primary and the workers together.`,
  operation: 'delivery',
  operations: { full: 200_000, quick: 12_500, warmUp: 50_000 },
  ...createContenders(EVENTS_PER_TICK),
}
