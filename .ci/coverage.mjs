// Which lines and branches of the packages their own tests run: a table, and what is not run. `pnpm coverage core` for one package.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'

const names = process.argv.slice(2)
const packages = names.length > 0 ? names : ['core', 'operators', 'server', 'redis', 'testing']

let failed = false
for (const name of packages) {
  const folder = resolve('packages', name)
  const report = join(folder, '.results/coverage')
  const { status } = spawnSync(
    process.execPath,
    [
      'node_modules/vitest/vitest.mjs',
      'run',
      '--reporter=dot',
      '--coverage.enabled',
      '--coverage.include=src/**/*.ts',
      '--coverage.exclude=**/*.test.ts',
      '--coverage.reporter=json-summary',
      '--coverage.reporter=json',
      '--coverage.reporter=html',
      '--coverage.reportOnFailure',
      `--coverage.reportsDirectory=${report}`,
    ],
    { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] },
  )
  failed ||= status !== 0
  const { total } = JSON.parse(readFileSync(join(report, 'coverage-summary.json'), 'utf8'))
  const files = JSON.parse(readFileSync(join(report, 'coverage-final.json'), 'utf8'))
  console.log(
    `${name}: ${total.lines.pct} % of ${total.lines.total} lines, ${total.branches.pct} % of ${total.branches.total} branches${status === 0 ? '' : ', with tests that fail'}`,
  )
  for (const [path, file] of Object.entries(files)) {
    const missed = missedPlaces(file)
    if (missed.length > 0) console.log(`  ${relative(folder, path)}: ${missed.join(', ')}`)
  }
}
process.exitCode = failed ? 1 : 0

/** The lines of statements and branches that nothing ran, a branch with its column. */
function missedPlaces({ statementMap, s, branchMap, b }) {
  const lines = Object.entries(statementMap)
    .filter(([id]) => s[id] === 0)
    .map(([, { start }]) => start.line)
  const branches = Object.entries(branchMap).flatMap(([id, { locations }]) =>
    locations
      .filter((_, index) => b[id][index] === 0)
      .map(({ start }) => start)
      .filter(({ line }) => !lines.includes(line))
      .map(({ line, column }) => `${line}:${column + 1}`),
  )
  return [...new Set([...lines.map(String), ...branches])]
}
