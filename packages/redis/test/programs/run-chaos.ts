// A long run of the chaos test: node test/programs/run-chaos.ts [--seconds 60] [--seeds 50] [--first 1] [--clients 300] [--rate 100] [--redis-faults]
// Prints one line for each seed, and exits with 1 if any failed. `--first SEED --seeds 1` repeats one.
import { parseArgs } from 'node:util'
import { chaos } from '../chaos.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seeds: { type: 'string', default: '50' },
    first: { type: 'string', default: '1' },
    clients: { type: 'string', default: '300' },
    rate: { type: 'string', default: '100' },
    'redis-faults': { type: 'boolean', default: false },
  },
})

let failed = 0
for (let n = 0; n < Number(values.seeds); n++) {
  const { failures, ...report } = await chaos({
    seed: Number(values.first) + n,
    seconds: Number(values.seconds),
    clients: Number(values.clients),
    rate: Number(values.rate),
    redisFaults: values['redis-faults'],
  })
  console.log(failures.length === 0 ? 'ok    ' : 'FAILED', JSON.stringify(report))
  for (const failure of failures.slice(0, 5)) console.log(`       ${failure}`)
  if (failures.length > 0) failed++
}
console.log(
  `${Number(values.seeds) - failed} of ${values.seeds} seeds: every client got every event once, in order`,
)
process.exitCode = failed === 0 ? 0 : 1
