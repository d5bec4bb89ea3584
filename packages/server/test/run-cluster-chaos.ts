// The fault test at length: node test/run-cluster-chaos.ts [--seconds 60] [--seeds 1] [--first 1] [--clients 2000] [--rate 50]
// One line for each seed; ends with status 1 if any failed.
import { parseArgs } from 'node:util'
import { clusterChaos } from './cluster-chaos.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seeds: { type: 'string', default: '1' },
    first: { type: 'string', default: '1' },
    clients: { type: 'string', default: '2000' },
    rate: { type: 'string', default: '50' },
  },
})

for (let n = 0; n < Number(values.seeds); n++) {
  const { failures, ...report } = await clusterChaos({
    seed: Number(values.first) + n,
    seconds: Number(values.seconds),
    clients: Number(values.clients),
    rate: Number(values.rate),
    onProgress: (text) => console.error(new Date().toISOString(), text),
  })
  console.log(failures.length === 0 ? 'ok    ' : 'FAILED', JSON.stringify(report))
  for (const failure of failures.slice(0, 5)) console.log(`       ${failure}`)
  if (failures.length > 0) process.exitCode = 1
}
