// Runs every package's tests, then says in one plain line how many passed. Exits as the tests did.
import { spawnSync } from 'node:child_process'
import { globSync, readFileSync, rmSync } from 'node:fs'

for (const file of globSync('packages/*/.results/*.json')) rmSync(file)

const concurrency = process.env.CI ? ['--concurrency=1'] : ['--concurrency=2']
process.env.TURBO_TELEMETRY_DISABLED = '1'
const run = spawnSync('turbo', ['run', 'test', '--continue', ...concurrency, ...process.argv.slice(2)], {
  stdio: 'inherit',
  shell: process.platform === 'win32',
})

const total = { passed: 0, failed: 0, skipped: 0 }
for (const file of globSync('packages/*/.results/*.json')) {
  const report = JSON.parse(readFileSync(file, 'utf8'))
  total.passed += report.numPassedTests
  total.failed += report.numFailedTests
  total.skipped += report.numPendingTests + report.numTodoTests
  // A file that does not even load has no tests to count, and is a failure all the same.
  total.failed += report.testResults.filter(
    (r) => r.status === 'failed' && r.assertionResults.length === 0,
  ).length
}
if (run.status !== 0 && total.failed === 0) total.failed = 1
if (total.skipped > 0) console.log(`${total.skipped} skipped`)
console.log(`${total.passed} passed, ${total.failed} failed`)
process.exitCode = total.failed > 0 ? 1 : 0
