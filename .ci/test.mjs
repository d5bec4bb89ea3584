// Runs every package's tests, then says in one plain line how many passed. Exits as the tests did.
import { existsSync, globSync, readFileSync, rmSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { turbo } from './turbo.mjs'

for (const file of globSync('{packages/*,docs}/.results/*.json')) rmSync(file)

// What some tests need and are skipped without; part of turbo's key, so that a run without it is not taken for one with it.
const path = (process.env.PATH ?? '').split(delimiter)
process.env.TEST_PROGRAMS = ['chromium', 'redis-server']
  .filter((program) => path.some((folder) => existsSync(join(folder, program))))
  .join()

// One package at a time where the machine is nobody else's; two at a developer's desk.
const concurrency = process.env.CI ? 1 : 2
const status = turbo(['run', 'test', '--continue', `--concurrency=${concurrency}`, ...process.argv.slice(2)])

const total = { passed: 0, failed: 0, skipped: 0 }
for (const file of globSync('{packages/*,docs}/.results/*.json')) {
  const report = JSON.parse(readFileSync(file, 'utf8'))
  total.passed += report.numPassedTests
  total.failed += report.numFailedTests
  total.skipped += report.numPendingTests + report.numTodoTests
  // A file that does not even load has no tests to count, and is a failure all the same.
  total.failed += report.testResults.filter(
    (r) => r.status === 'failed' && r.assertionResults.length === 0,
  ).length
}
if (status !== 0 && total.failed === 0) total.failed = 1
if (total.skipped > 0) console.log(`${total.skipped} skipped`)
console.log(`${total.passed} passed, ${total.failed} failed`)
process.exitCode = total.failed > 0 ? 1 : 0
