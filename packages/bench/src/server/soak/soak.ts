import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { createSink, memoryLog, serveSinks } from '@rxsse/server'
import { startOtherSide } from '../../harness/other-side.ts'
import { createPriceMessage } from '../messages.ts'
import type { ClientAnswer, ClientQuestion } from './clients.ts'

const USAGE = `Holds connections in one process while others open and close. Checks that memory stays flat and no event is lost.

  node --expose-gc dist/server/soak/soak.js [--connections 15000] [--churn 100] [--seconds 600]

  --connections  held from beginning to end
  --churn        that connect each second, each for two seconds and a half
  --seconds      how long
`

interface Sizes {
  readonly connections: number
  readonly churn: number
  readonly seconds: number
}

/** The relative growth that counts as flat. */
const MAX_GROWTH = 0.05

try {
  process.exitCode = (await soak(readArguments())) ? 0 : 1
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}

async function soak({ connections, churn, seconds }: Sizes): Promise<boolean> {
  const sink = createSink({ log: memoryLog({ ids: 'message', capacity: 1_000 }) })
  const server = await serveSinks({ host: '0.0.0.0', port: 0, sinks: { prices: sink } })
  const clients = await startOtherSide<'ready', ClientQuestion, ClientAnswer>(
    new URL('./clients.js', import.meta.url),
    { port: server.port, path: '/sse/prices' },
  )
  let sent = 0
  const publish = () => sink.next(createPriceMessage(sent++))

  await clients.ask({ hold: connections })
  console.log(
    `holding ${connections} connections; ${churn} others open and close each second for ${seconds} s`,
  )
  publish()
  await clients.ask({ received: sent })
  const memory: number[] = []
  const startedAt = performance.now()
  for (let second = 1; second <= seconds; second++) {
    publish()
    await clients.ask({ churn })
    await sleep(Math.max(0, startedAt + second * 1_000 - performance.now()))
    if (second % Math.max(1, Math.round(seconds / 20)) !== 0) continue
    globalThis.gc?.()
    memory.push(process.memoryUsage.rss())
    const { opened, delivered, connections: open } = sink.stats()
    console.log(
      `${second} s: ${mebibytes(memory.at(-1) ?? 0)} MiB, ${open} open, ${opened} opened, ${delivered} delivered`,
    )
  }
  const { held, lost, joined, failed } = await clients.ask({ received: sent })
  const took = Math.round((performance.now() - startedAt) / 1_000)
  const { skipped, disconnected } = sink.stats()
  // The first fifth lets caches fill.
  const settled = memory.slice(Math.floor(memory.length / 5))
  const growth = mean(settled.slice(-3)) - mean(settled.slice(0, 3))
  console.log(
    `${took} s: ${sent} events to ${held} of ${connections} held, ${joined} more came and went; lost ${lost}, failed ${failed}, skipped ${skipped}, cut off ${disconnected}; memory grew by ${mebibytes(growth)} MiB of ${mebibytes(mean(settled))}`,
  )
  await clients.stop()
  await server.close({ drain: 0 })
  const nothingLost = lost + failed + skipped + disconnected === 0 && held === connections
  return nothingLost && growth < mean(settled) * MAX_GROWTH
}

function readArguments(): Sizes {
  const { values } = parseArgs({
    options: {
      connections: { type: 'string', default: '15000' },
      churn: { type: 'string', default: '100' },
      seconds: { type: 'string', default: '600' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) {
    process.stdout.write(USAGE)
    process.exit()
  }
  const [connections, churn, seconds] = (['connections', 'churn', 'seconds'] as const).map((name) => {
    const value = Number(values[name])
    if (Number.isInteger(value) && value >= 1) return value
    throw new Error(`--${name} must be an integer from 1, not ${JSON.stringify(values[name])}`)
  }) as [number, number, number]
  const files = openFilesLimit()
  const needed = connections + 4 * churn + 200
  if (files < needed) {
    throw new Error(`two processes need ${needed} open files each, but ulimit -n is ${files}`)
  }
  return { connections, churn, seconds }
}

function openFilesLimit(): number {
  try {
    const line = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))
    return Number(line?.[1] ?? Number.POSITIVE_INFINITY)
  } catch {
    return Number.POSITIVE_INFINITY
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1)
}
