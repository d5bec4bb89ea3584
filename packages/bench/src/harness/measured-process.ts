import { registerHooks } from 'node:module'
import { pathToFileURL } from 'node:url'
import type { Measurement, MeasureOrder } from './measure.ts'
import type { Suite } from './suite.ts'

// A signal alone emits no 'exit', on which contenders stop their processes and delete their files.
for (const end of ['SIGINT', 'SIGTERM', 'disconnect']) process.once(end, () => process.exit(1))

const order: MeasureOrder = JSON.parse(process.argv[2] ?? '')
if (order.packages !== undefined) usePackagesOf(order.packages)
const { suite }: { suite: Suite } = await import(order.module)
const contender = suite.contenders.find(({ name }) => name === order.contender)
if (!contender) throw new Error(`${suite.title} has no contender named ${order.contender}`)

const prepared = await contender.prepare(order.quick)
// A full collection runs before the warm-up, but only a minor one after it: a full one also discards the compiled code,
// and compiling it again would be measured.
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
// Some contenders keep the process alive.
process.exit()

/** Makes the suite import the packages, and their copy of RxJS, from another checkout. */
function usePackagesOf(checkout: string): void {
  const bench = new URL('../../', import.meta.url).href
  const other = pathToFileURL(`${checkout}/packages/bench/package.json`).href
  registerHooks({
    resolve(specifier, context, next) {
      const redirected = context.parentURL?.startsWith(bench) && /^(@rxsse\/|rxjs(\/|$))/.test(specifier)
      return next(specifier, redirected ? { ...context, parentURL: other } : context)
    },
  })
}
