import type { Suite } from '../harness/suite.ts'
import { createFanOutSuite } from './fan-out-suite.ts'

export const suite: Suite = createFanOutSuite('Fan-out, one event a tick', 1, {
  full: 200_000,
  quick: 12_500,
  warmUp: 25_000,
})
