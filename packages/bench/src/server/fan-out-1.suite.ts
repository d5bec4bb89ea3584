import type { Suite } from '../harness/suite.ts'
import { fanOutSuite } from './fan-out-suite.ts'

export const suite: Suite = fanOutSuite('Fan-out, one event a tick', 1, {
  full: 200_000,
  quick: 12_500,
  warmUp: 25_000,
})
