import type { Suite } from '../harness/suite.ts'
import { hoppingSuite } from './hopping.ts'

export const suite: Suite = hoppingSuite(
  100,
  'A hundred sensors, a reading a second each, so that every event is a pane of its own and one makes a window fire: 360,000 live panes at 3,600 windows an event.',
)
