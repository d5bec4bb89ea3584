import type { Suite } from '../harness/suite.ts'
import { createHoppingSuite } from './hopping.ts'

export const suite: Suite = createHoppingSuite(
  100,
  'A hundred sensors, one reading a second each. Every event is in a pane of its own: 360,000 live panes at 3,600 windows an event.',
)
