import type { Suite } from '../harness/suite.ts'
import { createHoppingSuite, EVERY_WINDOW, overlap, REFOLDED_PANES } from './hopping.ts'

export const suite: Suite = createHoppingSuite(10, 'Ten sensors, ten readings a second each.', [
  { contender: overlap(3600), against: overlap(6), atMost: 1.5 },
  { contender: overlap(6), against: EVERY_WINDOW, atMost: 1 },
  { contender: overlap(6), against: REFOLDED_PANES, atMost: 1 },
])
