import type { Suite } from '../harness/suite.ts'
import { hoppingSuite } from './hopping.ts'

export const suite: Suite = hoppingSuite(1, 'One sensor, a hundred readings a second.')
