import { globSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { measureSuite } from './harness/measure.ts'
import { createProgress } from './harness/progress.ts'
import type { Suite } from './harness/suite.ts'
import { toMarkdown } from './harness/table.ts'
import { machine, versions } from './report/machine.ts'
import { writeReport } from './report/page.ts'
import { type Measured, report } from './report/report.ts'

const usage = `Measures rxsse beside its peers and prints one Markdown table a suite. Where it measures all of them, it writes docs/performance.md too.
Exits with 1 where something could not be measured: the rest is measured all the same.

  pnpm bench [--quick] [--rounds N] [--list] [suite...]

  suite       part of a suite's name, e.g. core or receiving; default all
  --quick     fewer operations and rounds, for a look of two minutes at the most: nothing is written
  --rounds N  runs of each contender at most; default 7, with --quick 3
  --list      names the suites
`

/** No further round of a suite is begun after so long: all of them take about twelve minutes, or less than two with `--quick`. */
const LONG_ENOUGH = { seconds: 40, least: 2 }
const QUICK_ENOUGH = { seconds: 2, least: 1 }

/** Seconds after which a quick look begins no further suite. One takes up to 25 where the machine is slow enough for it to come to this. */
const QUICK_LOOK = 95

interface Arguments {
  readonly quick: boolean
  readonly rounds: number
  readonly list: boolean
  readonly names: readonly string[]
}

try {
  await main(readArguments())
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}

function readArguments(): Arguments {
  const { values, positionals } = parseArgs({
    // pnpm hands the `--` of `pnpm bench -- --quick` on.
    args: process.argv.slice(2).filter((argument) => argument !== '--'),
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) {
    process.stdout.write(usage)
    process.exit()
  }
  const rounds = Number(values.rounds ?? (values.quick ? 3 : 7))
  if (!Number.isInteger(rounds) || rounds < 1) {
    throw new Error(`--rounds takes a whole number from 1, got ${JSON.stringify(values.rounds)}`)
  }
  return { quick: values.quick, rounds, list: values.list, names: positionals }
}

async function main({ quick, rounds, list, names }: Arguments): Promise<void> {
  const found = findSuites()
  const chosen = found.filter(({ name }) => names.length === 0 || names.some((part) => name.includes(part)))
  if (chosen.length === 0) {
    throw new Error(
      `no suite named ${names.join(' or ')}; there are ${found.map(({ name }) => name).join(', ')}`,
    )
  }
  if (list) {
    for (const { name } of chosen) console.log(name)
    return
  }
  const looks = quick ? 'at a quick look, so figures are rough' : 'medians of the rounds'
  const surroundings = [
    machine(),
    `${new Date().toISOString().slice(0, 10)}, at most ${rounds} rounds of each contender, ${looks}`,
    versions(),
  ]
  console.log(`${surroundings.join('\n')}\n`)
  const measured: Measured[] = []
  const failed: string[] = []
  const left: string[] = []
  for (const { name, module } of chosen) {
    if (quick && performance.now() > QUICK_LOOK * 1000) {
      left.push(name)
      continue
    }
    try {
      const { suite }: { suite: Suite } = await import(module.href)
      const progress = createProgress(name, rounds * suite.contenders.length)
      const within = quick ? QUICK_ENOUGH : LONG_ENOUGH
      const outcome = await measureSuite(module, suite, { rounds, within, quick, onStep: progress.step })
      progress.end()
      const operations = quick ? suite.operations.quick : suite.operations.full
      measured.push({ name, suite, operations, ...outcome })
      console.log(`${toMarkdown(suite, outcome, operations)}\n`)
      for (const contender of outcome.failures.keys()) failed.push(`${name}: ${contender}`)
    } catch (error) {
      failed.push(`${name}: ${error instanceof Error ? error.message : error}`)
    }
  }
  if (left.length > 0)
    console.log(`Not measured, as a quick look is over after ${QUICK_LOOK} s: ${left.join(', ')}.`)
  if (failed.length > 0) {
    console.error(`Failed:\n${failed.map((what) => `- ${what}`).join('\n')}`)
    process.exitCode = 1
    return
  }
  if (!quick && names.length === 0) {
    const page = new URL('../../../docs/performance.md', import.meta.url)
    writeReport(page, report(measured, surroundings))
    console.log('docs/performance.md says so too.')
  }
}

/** Every built `*.suite.js`, named by its folder and file: `core/receiving`. */
function findSuites(): { name: string; module: URL }[] {
  const root = fileURLToPath(new URL('.', import.meta.url))
  return globSync('*/*.suite.js', { cwd: root })
    .toSorted()
    .map((path) => ({ name: path.replace(/\.suite\.js$/, ''), module: pathToFileURL(`${root}${path}`) }))
}
