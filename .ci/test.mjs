// Runs the tests of every package. The last line counts what passed and failed; the exit status is that of the tests.
import { existsSync, globSync, readFileSync, rmSync } from 'node:fs'
import { delimiter, join, relative } from 'node:path'
import { turbo } from './turbo.mjs'

for (const file of globSync('{packages/*,docs}/.results/*.json')) rmSync(file)

// Some tests are skipped without these programs. They are part of turbo's cache key, so that a run without them
// does not count as a run with them.
const path = (process.env.PATH ?? '').split(delimiter)
process.env.TEST_PROGRAMS = ['chromium', 'redis-server', 'nginx']
  .filter((program) => path.some((folder) => existsSync(join(folder, program))))
  .join()

// Tests mostly wait for sockets, timers and processes, so three packages fit on two cores.
const status = turbo(['run', 'test', '--continue', '--concurrency=3', ...process.argv.slice(2)])

const total = { passed: 0, failed: 0, skipped: 0 }
const failures = []
for (const file of globSync('{packages/*,docs}/.results/*.json')) {
  const report = JSON.parse(readFileSync(file, 'utf8'))
  total.passed += report.numPassedTests
  total.failed += report.numFailedTests
  total.skipped += report.numPendingTests + report.numTodoTests
  for (const { name, status, message, assertionResults } of report.testResults) {
    // A file that fails to load has no tests to count, so it counts as one failure.
    if (status === 'failed' && assertionResults.length === 0) {
      total.failed += 1
      failures.push({ name, title: 'does not load', message })
    }
    for (const { status, fullName, failureMessages } of assertionResults) {
      if (status === 'failed') failures.push({ name, title: fullName, message: failureMessages.join('\n') })
    }
  }
}
if (status !== 0 && total.failed === 0) total.failed = 1
// The output of the packages is mixed and long, so what failed is said again at the end.
for (const { name, title, message } of failures) {
  const ours = message.split('\n').filter((line) => !line.includes('/node_modules/'))
  console.log(`\nfailed: ${relative('.', name)}: ${title}\n${ours.join('\n').slice(0, 2000)}`)
}
if (total.skipped > 0) console.log(`${total.skipped} skipped`)
console.log(`${total.passed} passed, ${total.failed} failed`)
process.exitCode = total.failed > 0 ? 1 : 0
