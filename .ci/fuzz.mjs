// Runs the random tests below again and again until the time is over, each run with a new seed. Ends at a failure.
//
//   pnpm fuzz [--minutes 10] [--seed 123]
//
// `--seed` runs each suite once, with that seed.
import { randomInt } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startVitest } from 'vitest/node'

const SUITES = {
  server: [
    'src/http/request-heads.property.test.ts',
    'src/http/churn.test.ts',
    'src/log/garbage.property.test.ts',
    'src/replay/shared-pages.property.test.ts',
  ],
  core: [
    'src/response/decoder.property.test.ts',
    'src/transport/content-coding.property.test.ts',
    'src/stream/script.property.test.ts',
    'src/transport/resets.property.test.ts',
  ],
}

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '1' }, seed: { type: 'string' } },
})
const minutes = Number(values.minutes)
if (!(minutes > 0)) throw new TypeError(`--minutes must be a number over zero, not ${values.minutes}`)
const end = Date.now() + minutes * 60_000
await Promise.all(Object.entries(SUITES).map(([name, files]) => repeat(name, files)))

/** The tests of a package mostly wait, so each package has a loop of its own. */
async function repeat(name, files) {
  let runs = 0
  do {
    const seed = values.seed ?? String(randomInt(2 ** 31))
    console.log(`${name}, seed ${seed}`)
    await run(name, files, seed)
    runs++
  } while (values.seed === undefined && Date.now() < end && !process.exitCode)
  console.log(`${name}, runs: ${runs}`)
}

/** Vitest sets the exit code if a test fails. */
async function run(name, files, seed) {
  const vitest = await startVitest('test', files, {
    root: fileURLToPath(new URL(`../packages/${name}`, import.meta.url)),
    watch: false,
    // A busy machine is no finding.
    testTimeout: 300_000,
    reporters: ['dot'],
    setupFiles: [fileURLToPath(new URL('fuzz-setup.mjs', import.meta.url))],
    env: { FUZZ_SEED: seed },
  })
  if (vitest.state.getCountOfFailedTests() > 0) console.error(`Failed. To repeat: pnpm fuzz --seed ${seed}`)
  await vitest.close()
}
