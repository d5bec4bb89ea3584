// A long run of the chaos test of shards: node test/programs/run-shard-chaos.ts [--seconds 10] [--seeds 50] [--first 1] [--at-once 1] [--redis-faults]
// Prints one line for each seed, and exits with 1 if any failed. `--first SEED --seeds 1` repeats one.
import { parseArgs } from 'node:util'
import { shardChaos } from '../shard-chaos.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '10' },
    seeds: { type: 'string', default: '50' },
    first: { type: 'string', default: '1' },
    'at-once': { type: 'string', default: '1' },
    'redis-faults': { type: 'boolean', default: false },
  },
})

let failed = 0
let next = 0

async function runSeeds(): Promise<void> {
  while (next < Number(values.seeds)) {
    const { failures, errors, ...report } = await shardChaos({
      seed: Number(values.first) + next++,
      seconds: Number(values.seconds),
      redisFaults: values['redis-faults'],
    })
    const line = JSON.stringify({ ...report, errors: errors.length })
    console.log(failures.length === 0 ? 'ok    ' : 'FAILED', line)
    for (const text of [...failures, ...new Set(errors)].slice(0, 6)) console.log(`       ${text}`)
    if (failures.length > 0) failed++
  }
}

await Promise.all(Array.from({ length: Number(values['at-once']) }, runSeeds))
console.log(`${Number(values.seeds) - failed} of ${values.seeds} seeds: exactly the right results, each once`)
process.exitCode = failed === 0 ? 0 : 1
