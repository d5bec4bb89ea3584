// Which lines and branches of the packages their own tests run: figures, and each place that is not run with the reason that
// `packages/<name>/uncovered.json` gives for it. A place without a reason fails, and so does a reason without its place.
// `pnpm coverage core` for one package; without a name, what runs in production.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'

const names = process.argv.slice(2)
const packages = names.length > 0 ? names : ['core', 'operators', 'server', 'redis']

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
  const { total } = JSON.parse(readFileSync(join(report, 'coverage-summary.json'), 'utf8'))
  const files = JSON.parse(readFileSync(join(report, 'coverage-final.json'), 'utf8'))
  console.log(
    `${name}: ${total.lines.pct} % of ${total.lines.total} lines, ${total.branches.pct} % of ${total.branches.total} branches${status === 0 ? '' : ', with tests that fail'}`,
  )

  const reasons = reasonsOf(folder)
  const places = Object.entries(files).flatMap(([path, file]) =>
    missedPlaces(relative(folder, path), path, file),
  )
  const unexplained = places.filter((place) => !reasons.some((reason) => explains(reason, place)))
  const stale = reasons.filter((reason) => !places.some((place) => explains(reason, place)))
  for (const reason of reasons.filter((each) => !stale.includes(each))) {
    const where = places.filter((place) => explains(reason, place)).map(({ at }) => at)
    console.log(`  ${reason.file}:${where.join(', ')}: ${reason.why}`)
  }
  for (const { file, at, source } of unexplained)
    console.log(`  ${file}:${at}: not run, and no reason given: ${source}`)
  for (const { file, code } of stale)
    console.log(`  uncovered.json: every place of ${file} with ${code} is run: its reason can go`)
  failed ||= status !== 0 || unexplained.length > 0 || stale.length > 0
}
process.exitCode = failed ? 1 : 0

/** `[{file, code, why}]`: `code` is a piece of the source line that tells it from the file's other lines. */
function reasonsOf(folder) {
  const path = join(folder, 'uncovered.json')
  if (!existsSync(path)) return []
  const reasons = JSON.parse(readFileSync(path, 'utf8'))
  for (const reason of reasons) {
    for (const key of ['file', 'code', 'why']) {
      if (typeof reason[key] !== 'string' || reason[key] === '')
        throw new TypeError(
          `${path}: each entry has a file, a piece of code and a why; ${JSON.stringify(reason)} has no ${key}`,
        )
    }
  }
  return reasons
}

function explains(reason, place) {
  return reason.file === place.file && place.source.includes(reason.code)
}

/** The lines of statements and branches that nothing ran, a branch with its column. */
function missedPlaces(file, path, { statementMap, s, branchMap, b }) {
  const source = readFileSync(path, 'utf8').split('\n')
  const lines = Object.entries(statementMap)
    .filter(([id]) => s[id] === 0)
    .map(([, { start }]) => ({ line: start.line, at: String(start.line) }))
  const branches = Object.entries(branchMap).flatMap(([id, { loc, locations }]) =>
    locations
      // An `else` that is not written has no place of its own.
      .map(({ start }) => (start.line === undefined ? loc.start : start))
      .filter((_, index) => b[id][index] === 0)
      .filter(({ line }) => !lines.some((missed) => missed.line === line))
      .map(({ line, column }) => ({ line, at: `${line}:${column + 1}` })),
  )
  const places = new Map(
    [...lines, ...branches].map(({ line, at }) => [at, { file, at, source: source[line - 1].trim() }]),
  )
  return [...places.values()]
}
