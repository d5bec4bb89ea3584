// Runs the test suites on each supported runtime. Fails if a test fails that `known.mjs` does not list, or if a test
// passes that it lists and does not call rare.
//
//   pnpm runtimes [--on bun,deno] [--of core,operators] [--quick] [--write]
//
// `--quick` runs a small selection; `--write` writes docs/runtimes.md and needs every runtime.
import { parseArgs } from 'node:util'
import { known } from './runtimes/known.mjs'
import { writePage } from './runtimes/page.mjs'
import { run } from './runtimes/run.mjs'
import { suites } from './runtimes/suites.mjs'

const { values } = parseArgs({
  options: {
    on: { type: 'string' },
    of: { type: 'string' },
    quick: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
})
const on = values.on?.split(',')
const of = values.of?.split(',')

const results = []
let wrong = 0
for (const suite of suites) {
  if ((on && !on.includes(suite.runtime)) || (of && !of.includes(suite.pkg))) continue
  const result = run(suite, values.quick)
  const { surprises, explained } = judge(suite, result)
  wrong += surprises.length
  console.log(
    `${result.version}, ${suite.pkg}: ${result.passed.length} passed, ${explained.length} known failures, ${surprises.length} unexpected`,
  )
  for (const surprise of surprises) console.log(`  ${surprise}`)
  results.push({ ...suite, ...result, explained })
}
if (values.write && wrong === 0) writePage(results)
process.exitCode = wrong === 0 ? 0 : 1

function judge({ runtime, pkg }, { passed, failed }) {
  const reasons = known.filter((one) => one.on.includes(runtime) && one.of === pkg)
  const reasonOf = (test) => reasons.find((reason) => reason.test.test(test))
  return {
    explained: failed.map((test) => ({ test, why: reasonOf(test)?.why })).filter(({ why }) => why),
    surprises: [
      ...failed.filter((test) => !reasonOf(test)).map((test) => `failed: ${test}`),
      ...passed.filter((test) => reasonOf(test) && !reasonOf(test).rare).map((test) => `passes now: ${test}`),
    ],
  }
}
