import type { AnyScenario } from '../scenario.ts'
import { columnScenarios } from './columns.ts'
import { decodeScenarios } from './decode.ts'
import { feedScenarios } from './feeds.ts'
import { filterScenarios } from './filter.ts'
import { flowScenarios } from './flow.ts'
import { jobScenarios } from './job.ts'
import { keyedScenarios } from './keyed.ts'
import { rateScenarios } from './rate.ts'
import { reconnectScenarios } from './reconnect.ts'
import { slidingScenarios } from './sliding.ts'
import { windowScenarios } from './window.ts'

/** A scenario for each operator, by the name of its page, and one of a stream that reconnects. */
export const scenarios: Readonly<Record<string, AnyScenario>> = {
  ...decodeScenarios,
  ...filterScenarios,
  ...keyedScenarios,
  ...windowScenarios,
  ...feedScenarios,
  ...rateScenarios,
  ...columnScenarios,
  ...flowScenarios,
  ...reconnectScenarios,
  ...slidingScenarios,
  ...jobScenarios,
}
