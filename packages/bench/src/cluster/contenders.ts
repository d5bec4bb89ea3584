import cluster from 'node:cluster'
import { fileURLToPath } from 'node:url'
import { memoryLog } from '@rxsse/server'
import type { Contender, Suite } from '../harness/suite.ts'
import { type Broadcaster, createServedSink } from '../server/contenders.ts'
import { createFanOut } from '../server/fan-out.ts'
import { cpuTime } from './cpu-time.ts'
import { serveOnWorkers } from './program.ts'

const TWO_WORKERS = 'clusterLog, two workers'
const ONE_PROCESS = 'one process'

/** The CPU time of the primary and its workers together, compared with one process. */
export function createContenders(eventsPerTick: number): Pick<Suite, 'contenders' | 'targets'> {
  return {
    contenders: [
      withBusiest(createFanOut(TWO_WORKERS, eventsPerTick, onWorkers)),
      withBusiest(createFanOut(ONE_PROCESS, eventsPerTick, inOneProcess)),
    ],
    targets: [{ contender: TWO_WORKERS, against: ONE_PROCESS, atMost: 1.1 }],
  }
}

async function inOneProcess(): Promise<Broadcaster> {
  return createServedSink({ log: memoryLog() })
}

async function onWorkers(): Promise<Broadcaster> {
  cluster.setupPrimary({
    exec: fileURLToPath(new URL('./worker.js', import.meta.url)),
    args: [],
    execArgv: [],
  })
  const { sink, server } = await serveOnWorkers(2)
  return {
    url: `${server.url}/prices`,
    send: (messages) => messages.forEach(sink.next),
    cpuUsage: () => ({ user: processes().reduce((sum, pid) => sum + cpuTime(pid), 0), system: 0 }),
    stop: () => server.close({ drain: 0 }),
  }
}

/** The busiest process bounds the deliveries of two free cores. */
function withBusiest(contender: Contender): Contender {
  return {
    ...contender,
    async prepare(quick) {
      const prepared = await contender.prepare(quick)
      return {
        ...prepared,
        async run(deliveries) {
          const before = new Map(processes().map((pid) => [pid, cpuTime(pid)]))
          const figures = await prepared.run(deliveries)
          const busiest = Math.max(...processes().map((pid) => cpuTime(pid) - (before.get(pid) ?? 0)))
          return { ...figures, 'CPU µs of the busiest process': busiest / deliveries }
        },
      }
    },
  }
}

function processes(): number[] {
  const workers = Object.values(cluster.workers ?? {}).flatMap((worker) => worker?.process.pid ?? [])
  return [process.pid, ...workers]
}
