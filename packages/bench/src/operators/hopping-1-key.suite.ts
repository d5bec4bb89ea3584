import type { Suite } from '../harness/suite.ts'
import { createHoppingSuite } from './hopping.ts'

export const suite: Suite = createHoppingSuite(1, 'One sensor, a hundred readings a second.')
