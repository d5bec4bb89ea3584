import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { MeasureOrder } from './measured-process.ts'
import type { Suite } from './suite.ts'

/** What one run of one contender took. */
export interface Measurement {
  /** CPU time, user and system, of every thread of the measured process: microseconds an operation. */
  readonly cpu: number
  /** Microseconds of wall time an operation. */
  readonly wall: number
  /** Figures of the suite's own, by column. */
  readonly extra: Readonly<Record<string, number>>
}

/** The measurements of a suite: by contender, one a round. */
export type Results = ReadonlyMap<string, readonly Measurement[]>

/** How a suite is run. */
export interface MeasureOptions {
  readonly rounds: number
  /** No further round is begun once so many seconds have gone by, and so many rounds are done at least. Default: all rounds. */
  readonly within?: { readonly seconds: number; readonly least: number }
  readonly quick: boolean
  readonly onStep: (round: number, contender: string) => void
}

/**
 * Runs every contender once a round, each time in a fresh process and from another place in the order, so that what the machine does
 * meanwhile falls on all of them alike.
 */
export async function measureSuite(
  module: URL,
  suite: Suite,
  { rounds, within = { seconds: Number.POSITIVE_INFINITY, least: 0 }, quick, onStep }: MeasureOptions,
): Promise<Results> {
  const results = new Map<string, Measurement[]>(suite.contenders.map(({ name }) => [name, []]))
  const { full, quick: few, warmUp } = suite.operations
  const names = [...results.keys()]
  const startedAt = performance.now()
  for (let round = 0; round < rounds; round++) {
    if (round >= within.least && performance.now() - startedAt > within.seconds * 1000) break
    for (let place = 0; place < names.length; place++) {
      const contender = names[(place + round) % names.length] ?? ''
      onStep(round, contender)
      const order = {
        module: module.href,
        contender,
        operations: quick ? few : full,
        warmUp: quick ? Math.min(few, warmUp) : warmUp,
        quick,
      }
      results.get(contender)?.push(await measureOnce(order))
    }
  }
  return results
}

/** Milliseconds after which a contender is taken to hang. */
const longestMeasurement = 180_000

function measureOnce(order: MeasureOrder): Promise<Measurement> {
  const program = fileURLToPath(new URL('./measured-process.js', import.meta.url))
  const child = fork(program, [JSON.stringify(order)], {
    execArgv: ['--expose-gc', '--no-warnings'],
    stdio: 'inherit',
  })
  return new Promise((resolve, reject) => {
    let measurement: Measurement | undefined
    child.on('message', (message) => {
      measurement = message as Measurement
    })
    const limit = setTimeout(() => child.kill('SIGKILL'), longestMeasurement)
    child.on('error', reject)
    child.on('exit', (code, signal) => {
      clearTimeout(limit)
      if (measurement) resolve(measurement)
      else reject(new Error(`measuring ${order.contender} failed: its process ended with ${code ?? signal}`))
    })
  })
}
