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

/** The measurements of a suite: by contender, one a round; none of one that has failed. */
export type Results = ReadonlyMap<string, readonly Measurement[]>

/** What came of a suite. */
export interface Outcome {
  readonly results: Results
  /** What ended those that failed, by contender. */
  readonly failures: ReadonlyMap<string, string>
}

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
 * meanwhile falls on all of them alike. One that fails has no further round, nor figures; the others go on.
 */
export async function measureSuite(
  module: URL,
  suite: Suite,
  { rounds, within = { seconds: Number.POSITIVE_INFINITY, least: 0 }, quick, onStep }: MeasureOptions,
): Promise<Outcome> {
  const results = new Map<string, Measurement[]>(suite.contenders.map(({ name }) => [name, []]))
  const failures = new Map<string, string>()
  const { full, quick: few, warmUp } = suite.operations
  const names = [...results.keys()]
  const startedAt = performance.now()
  for (let round = 0; round < rounds; round++) {
    if (round >= within.least && performance.now() - startedAt > within.seconds * 1000) break
    for (let place = 0; place < names.length; place++) {
      const contender = names[(place + round) % names.length] ?? ''
      if (failures.has(contender)) continue
      onStep(round, contender)
      const order = {
        module: module.href,
        contender,
        operations: quick ? few : full,
        warmUp: quick ? Math.min(few, warmUp) : warmUp,
        quick,
      }
      try {
        results.get(contender)?.push(await measureOnce(order))
      } catch (error) {
        failures.set(contender, error instanceof Error ? error.message : String(error))
        results.set(contender, [])
      }
    }
  }
  return { results, failures }
}

/** Milliseconds after which a contender is taken to hang, and more of them until it is ended the hard way. */
const longestMeasurement = 180_000
const grace = 5_000

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
    let hung = false
    let limit = setTimeout(() => {
      hung = true
      child.kill()
      limit = setTimeout(() => child.kill('SIGKILL'), grace)
    }, longestMeasurement)
    child.on('error', reject)
    child.on('exit', (code, signal) => {
      clearTimeout(limit)
      if (measurement) resolve(measurement)
      else if (hung) reject(new Error(`it was not done after ${longestMeasurement / 1000} s`))
      else reject(new Error(`its process ended with ${code ?? signal}`))
    })
  })
}
