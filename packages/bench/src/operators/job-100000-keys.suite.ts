import type { Suite } from '../harness/suite.ts'
import { createJobSuite } from './job.ts'

export const suite: Suite = createJobSuite(100_000, 'A hundred thousand sensors.')
