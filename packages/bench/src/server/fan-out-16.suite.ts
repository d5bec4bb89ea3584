import type { Suite } from '../harness/suite.ts'
import { createFanOutSuite } from './fan-out-suite.ts'

export const suite: Suite = createFanOutSuite('Fan-out, 16 events a tick', 16, {
  full: 2_400_000,
  quick: 80_000,
  warmUp: 160_000,
})
