// Measures the figures for the model, and writes measured.ts: node dist/scaling/measure.js [--quick]
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { type Measurement, measureSuite } from '../harness/measure.ts'
import { createProgress } from '../harness/progress.ts'
import type { Suite } from '../harness/suite.ts'
import { median } from '../harness/table.ts'
import type { Figures } from './figures.ts'

const quick = process.argv.includes('--quick')
const rounds = quick ? 1 : 5

/** The median over the rounds of one contender, by CPU or by a figure of the suite's own. */
type Median = (contender: string, column?: string) => number

async function measure(path: string, contenders: readonly string[]): Promise<Median> {
  const module = new URL(path, import.meta.url)
  const { suite }: { suite: Suite } = await import(module.href)
  const chosen = suite.contenders.filter(({ name }) => contenders.includes(name))
  if (chosen.length < contenders.length)
    throw new Error(`${path} does not have all of ${contenders.join(', ')}`)
  const progress = createProgress(suite.title, rounds * chosen.length)
  const { results, failures } = await measureSuite(
    module,
    { ...suite, contenders: chosen },
    { rounds, quick, onStep: progress.step },
  )
  progress.end()
  for (const [contender, why] of failures) throw new Error(`measuring ${contender} failed: ${why}`)
  return (contender, column) => {
    const values = (results.get(contender) ?? []).map((run: Measurement) =>
      column === undefined ? run.cpu : (run.extra[column] ?? Number.NaN),
    )
    return Number(median(values).toPrecision(3))
  }
}

const alone = await measure('../server/fan-out-1.suite.js', ['@rxsse/server'])
const sixteen = await measure('../server/fan-out-16.suite.js', ['@rxsse/server'])
const idle = await measure('../server/idle-memory.suite.js', ['@rxsse/server, serveSinks'])
const ways = ['@rxsse/server, serveSinks', 'resuming from memoryLog', 'over TLS, handler']
const joining = await measure('./joining.suite.js', ways)
const following = await measure('./redis-following.suite.js', ['1 node', '8 nodes'])

// The time of Redis is linear in the nodes: a constant for publishing, and a part for each node that reads.
const ofRedis = (nodes: string) => following(nodes, 'CPU µs of Redis')
const read = (ofRedis('8 nodes') - ofRedis('1 node')) / 7
const { model = 'unknown processor' } = cpus()[0] ?? {}
const measured: Figures = {
  machine: `${cpus().length} × ${model.trim()}, Node ${process.versions.node}`,
  date: new Date().toISOString().slice(0, 10),
  delivery: { alone: alone('@rxsse/server'), ofSixteen: sixteen('@rxsse/server') },
  join: { fresh: joining(ways[0] ?? ''), resuming: joining(ways[1] ?? ''), tls: joining(ways[2] ?? '') },
  memory: {
    resident: idle('@rxsse/server, serveSinks', 'KiB a connection'),
    kernel: joining(ways[0] ?? '', 'KiB of the kernel'),
  },
  redis: {
    append: Number((ofRedis('1 node') - read).toPrecision(3)),
    read: Number(read.toPrecision(3)),
    node: following('1 node'),
  },
}
writeFileSync(
  new URL('../../src/scaling/measured.ts', import.meta.url),
  `import type { Figures } from './figures.ts'

// Written by \`node dist/scaling/measure.js\`.
export const measured: Figures = ${JSON.stringify(measured, null, 2)
    .replaceAll(/"(\w+)":/g, '$1:')
    .replaceAll('"', "'")}
`,
)
