import type { Measurement } from './measure.ts'
import type { Suite } from './suite.ts'

/** What a measured process is told to do. */
export interface MeasureOrder {
  /** The suite's module. */
  readonly module: string
  readonly contender: string
  readonly operations: number
  readonly warmUp: number
  readonly quick: boolean
}

// What it has started and written goes with it, which is seen to on 'exit': that comes of no signal by itself.
for (const end of ['SIGINT', 'SIGTERM', 'disconnect']) process.once(end, () => process.exit(1))

const order: MeasureOrder = JSON.parse(process.argv[2] ?? '')
const { suite }: { suite: Suite } = await import(order.module)
const contender = suite.contenders.find(({ name }) => name === order.contender)
if (!contender) throw new Error(`${suite.title} has no contender named ${order.contender}`)

const prepared = await contender.prepare(order.quick)
// Everything is collected before the warm-up, and only the young generation after it: a full collection on demand also throws away the
// machine code that the warm-up is for, and compiling it again would count, more for those who have more of it.
globalThis.gc?.()
if (order.warmUp > 0) await prepared.run(order.warmUp)
globalThis.gc?.({ type: 'minor' })

const cpuUsage = prepared.cpuUsage ?? process.cpuUsage
const cpuBefore = cpuUsage()
const wallBefore = performance.now()
const extra = (await prepared.run(order.operations)) ?? {}
const cpuAfter = cpuUsage()
const cpu = cpuAfter.user - cpuBefore.user + cpuAfter.system - cpuBefore.system
const wall = (performance.now() - wallBefore) * 1000

const measurement: Measurement = {
  cpu: cpu / order.operations,
  wall: wall / order.operations,
  extra,
}
await new Promise((sent) => process.send?.(measurement, sent))
await prepared.stop?.()
// Contenders are not all good at letting go.
process.exit()
