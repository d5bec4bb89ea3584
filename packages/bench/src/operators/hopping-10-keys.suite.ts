import type { Suite } from '../harness/suite.ts'
import { everyWindow, hoppingSuite, overlap, panesAnew } from './hopping.ts'

export const suite: Suite = hoppingSuite(10, 'Ten sensors, ten readings a second each.', [
  { contender: overlap(3600), against: overlap(6), atMost: 1.5 },
  { contender: overlap(6), against: everyWindow, atMost: 1 },
  { contender: overlap(6), against: panesAnew, atMost: 1 },
])
