import { execFileSync, spawnSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { join, matchesGlob, resolve } from 'node:path'
import { temporaryFolder } from '../temporary-folder.mjs'
import { runtimes } from './suites.mjs'

const reports = temporaryFolder('runtimes')

/** Runs the tests of a package on a runtime. Vitest itself runs there too. */
export function run({ runtime, pkg, files, quick, exclude = [] }, quickly) {
  const { program, before = [], after = [], env = {}, version } = runtimes[runtime]()
  const report = join(reports, `${runtime}-${pkg}.json`)
  const wanted = (quickly && quick) || files
  checkPaths(pkg, wanted)
  const { status, signal, stderr } = spawnSync(
    program,
    [
      ...before,
      resolve('packages', pkg, 'node_modules/vitest/vitest.mjs'),
      'run',
      ...(runtime === 'chromium' ? [] : wanted),
      ...exclude.flatMap((pattern) => ['--exclude', pattern]),
      ...after,
      '--reporter=json',
      `--outputFile=${report}`,
    ],
    {
      cwd: join('packages', pkg),
      encoding: 'utf8',
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...env, CHROMIUM_TESTS: wanted.join(' ') },
      timeout: 900_000,
    },
  )
  try {
    return { version: version(), ...read(report) }
  } catch (error) {
    throw new Error(
      `${runtime}, ${pkg}: vitest exited with ${signal ?? status} without a report:\n${stderr}`,
      { cause: error },
    )
  }
}

/** Vitest ignores a path that matches no file, so that a moved test would be skipped unnoticed. */
function checkPaths(pkg, paths) {
  const tests = globSync('{src,test}/**/*.test.ts', { cwd: join('packages', pkg) })
  const missing = paths.filter(
    (path) => !tests.some((test) => test.startsWith(path) || matchesGlob(test, path)),
  )
  if (missing.length > 0)
    throw new Error(`.ci/runtimes/suites.mjs: packages/${pkg} has no tests at ${missing.join(', ')}`)
}

function read(report) {
  const { testResults } = JSON.parse(readFileSync(report, 'utf8'))
  const tests = testResults.flatMap(({ assertionResults }) => assertionResults)
  const named = (status) => tests.filter((test) => test.status === status).map((test) => test.fullName)
  const broken = testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0)
  return {
    passed: named('passed'),
    failed: [...named('failed'), ...broken.map((file) => `${file.name}: ${file.message}`)],
    skipped: named('skipped').length + named('pending').length,
  }
}

/** Runs a program and returns its output. */
export function readOutput(program, args) {
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
}
