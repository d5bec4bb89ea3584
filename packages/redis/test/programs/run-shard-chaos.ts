// A long run of the chaos test of shards: node test/programs/run-shard-chaos.ts [--seconds 10] [--seeds 50] [--first 1] [--lease 2000] [--at-once 1] [--minutes N] [--redis-faults]
// It begins no seed after so many minutes. Prints one line for each seed, and exits with 1 if any failed. `--first SEED --seeds 1` repeats one.
import { parseArgs } from 'node:util'
import { shardChaos } from '../shard-chaos.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '10' },
    seeds: { type: 'string', default: '50' },
    first: { type: 'string', default: '1' },
    lease: { type: 'string', default: '2000' },
    'at-once': { type: 'string', default: '1' },
    minutes: { type: 'string', default: 'Infinity' },
    'redis-faults': { type: 'boolean', default: false },
  },
})

let failed = 0
let next = 0
const end = performance.now() + Number(values.minutes) * 60_000

async function runSeeds(): Promise<void> {
  while (next < Number(values.seeds) && performance.now() < end) {
    const { failures, errors, ...report } = await shardChaos({
      seed: Number(values.first) + next++,
      seconds: Number(values.seconds),
      lease: Number(values.lease),
      redisFaults: values['redis-faults'],
    })
    const line = JSON.stringify({ ...report, errors: errors.length })
    console.log(failures.length === 0 ? 'ok    ' : 'FAILED', line)
    for (const text of [...failures, ...new Set(errors)].slice(0, 6)) console.log(`       ${text}`)
    if (failures.length > 0) failed++
  }
}

await Promise.all(Array.from({ length: Number(values['at-once']) }, runSeeds))
console.log(`${next - failed} of ${next} seeds: exactly the right results, each once`)
process.exitCode = failed === 0 ? 0 : 1
