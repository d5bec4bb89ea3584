import type { Suite } from '../harness/suite.ts'
import { createJobSuite } from './job.ts'

export const suite: Suite = createJobSuite(10, 'Ten sensors.')
