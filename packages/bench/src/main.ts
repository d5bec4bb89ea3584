import { existsSync, globSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { compareSuite, listOurs, toComparison } from './harness/compare.ts'
import { type MeasureOptions, measureSuite } from './harness/measure.ts'
import { createProgress } from './harness/progress.ts'
import type { Suite } from './harness/suite.ts'
import { toMarkdown } from './harness/table.ts'
import { describeMachine, listVersions } from './report/machine.ts'
import { writeReport } from './report/page.ts'
import { createReport, type MeasuredSuite } from './report/report.ts'

const USAGE = `Measures rxsse and its peers, and prints one Markdown table for each suite. A full run also writes docs/performance.md.
Exits with status 1 if a contender cannot be measured; the others are measured all the same.

  pnpm bench [--quick] [--rounds N] [--list] [--beside PATH] [suite...]

  suite          part of a suite's name, such as core or receiving; default: all suites
  --quick        fewer operations and rounds, at most two minutes; writes nothing
  --rounds N     at most N runs of each contender; default: 7, or 3 with --quick
  --list         lists the suites
  --beside PATH  compares this checkout's packages with those of another built checkout
`

/** After these seconds a suite starts no further round. All suites take about twelve minutes, or two with --quick. */
const TIME_LIMIT = { seconds: 40, least: 2 }
const QUICK_TIME_LIMIT = { seconds: 2, least: 1 }

/** After these seconds a quick run starts no further suite. One suite takes up to 25 seconds on a slow machine. */
const QUICK_RUN_SECONDS = 95

interface Arguments {
  readonly quick: boolean
  readonly rounds: number
  readonly list: boolean
  /** The path of another checkout. */
  readonly beside: string | undefined
  readonly names: readonly string[]
}

interface FoundSuite {
  /** Its folder and file: `core/receiving-single`. */
  readonly name: string
  readonly module: URL
}

try {
  const options = parseArguments()
  const suites = selectSuites(options.names)
  if (options.list) for (const { name } of suites) console.log(name)
  else await runSuites(suites, options)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}

function parseArguments(): Arguments {
  const { values, positionals } = parseArgs({
    // pnpm passes the `--` of `pnpm bench -- --quick` on.
    args: process.argv.slice(2).filter((argument) => argument !== '--'),
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      list: { type: 'boolean', default: false },
      beside: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) {
    process.stdout.write(USAGE)
    process.exit()
  }
  const { quick, list, beside } = values
  const rounds = Number(values.rounds ?? (quick ? 3 : 7))
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new Error(`--rounds must be an integer from 1, not ${JSON.stringify(values.rounds)}`)
  if (beside !== undefined && !existsSync(`${beside}/packages/core/dist`))
    throw new Error(`--beside must be a built checkout of rxsse, not ${JSON.stringify(beside)}`)
  return { quick, rounds, list, beside: beside && resolve(beside), names: positionals }
}

/** Finds the built `*.suite.js` whose name contains one of the parts; all of them if there are no parts. */
function selectSuites(parts: readonly string[]): FoundSuite[] {
  const root = fileURLToPath(new URL('.', import.meta.url))
  const found = globSync('*/*.suite.js', { cwd: root })
    .toSorted()
    .map((path) => ({ name: path.replace(/\.suite\.js$/, ''), module: pathToFileURL(`${root}${path}`) }))
  const selected = found.filter(({ name }) => parts.length === 0 || parts.some((part) => name.includes(part)))
  if (selected.length === 0)
    throw new Error(
      `no suite has a name like ${parts.join(' or ')}; the suites are ${found.map(({ name }) => name).join(', ')}`,
    )
  return selected
}

async function runSuites(suites: readonly FoundSuite[], options: Arguments): Promise<void> {
  const { quick, rounds, names, beside } = options
  const accuracy = quick ? 'a quick run with rough figures' : 'medians of the rounds'
  const surroundings = [
    describeMachine(),
    `${new Date().toISOString().slice(0, 10)}, at most ${rounds} rounds of each contender, ${accuracy}`,
    ...listVersions(),
  ]
  console.log(`${surroundings.join('\n')}\n`)
  const measured: MeasuredSuite[] = []
  const failed: string[] = []
  const skipped: string[] = []
  for (const found of suites) {
    if (quick && performance.now() > QUICK_RUN_SECONDS * 1000) {
      skipped.push(found.name)
      continue
    }
    try {
      const result = await runSuite(found, options)
      measured.push(result)
      for (const contender of result.failures.keys()) failed.push(`${found.name}: ${contender}`)
    } catch (error) {
      failed.push(`${found.name}: ${error instanceof Error ? error.message : error}`)
    }
  }
  if (skipped.length > 0)
    console.log(`Not measured, because a quick run ends after ${QUICK_RUN_SECONDS} s: ${skipped.join(', ')}.`)
  if (failed.length > 0) {
    console.error(`Failed:\n${failed.map((one) => `- ${one}`).join('\n')}`)
    process.exitCode = 1
  } else if (!quick && names.length === 0 && beside === undefined) {
    writeReport(
      new URL('../../../docs/performance.md', import.meta.url),
      createReport(measured, surroundings),
    )
    console.log('Wrote docs/performance.md.')
  }
}

/** Runs a suite and prints its table. */
async function runSuite({ name, module }: FoundSuite, options: Arguments): Promise<MeasuredSuite> {
  const { quick, rounds, beside } = options
  const { suite }: { suite: Suite } = await import(module.href)
  const runs = beside === undefined ? suite.contenders.length : 2 * listOurs(suite).length
  const progress = createProgress(name, rounds * runs)
  const within = quick ? QUICK_TIME_LIMIT : TIME_LIMIT
  const measureOptions: MeasureOptions = { rounds, within, quick, onStep: progress.step }
  const outcome =
    beside === undefined
      ? await measureSuite(module, suite, measureOptions)
      : await compareSuite(module, suite, beside, measureOptions)
  progress.end()
  const operations = quick ? suite.operations.quick : suite.operations.full
  const table = beside === undefined ? toMarkdown(suite, outcome, operations) : toComparison(suite, outcome)
  console.log(`${table}\n`)
  return { name, suite, operations, ...outcome }
}
