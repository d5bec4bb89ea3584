import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Suite } from './suite.ts'

/** Milliseconds after which a contender is stopped, and milliseconds more after which it is killed. */
const MEASUREMENT_TIMEOUT_MS = 180_000
const KILL_TIMEOUT_MS = 5_000
const NO_LIMIT = { seconds: Number.POSITIVE_INFINITY, least: 0 }

/** The cost of one run of one contender. */
export interface Measurement {
  /** CPU time, user and system, of all threads of the measured process: microseconds per operation. */
  readonly cpu: number
  /** Wall time: microseconds per operation. */
  readonly wall: number
  /** Further figures of the suite, by column. */
  readonly extra: Readonly<Record<string, number>>
}

/** The measurements of a suite by contender, one for each round. A failed contender has none. */
export type Results = ReadonlyMap<string, readonly Measurement[]>

/** The results of a suite. */
export interface Outcome {
  readonly results: Results
  /** The errors of the failed contenders. */
  readonly failures: ReadonlyMap<string, string>
}

/** The job of a measured process. */
export interface MeasureOrder {
  /** The URL of the suite's module. */
  readonly module: string
  readonly contender: string
  /** The checkout whose packages are measured. Default: this one. */
  readonly packages?: string
  readonly operations: number
  readonly warmUp: number
  readonly quick: boolean
}

/** One entry of the results: a contender, with the packages it runs with. */
export interface Run {
  /** The name in the results. */
  readonly name: string
  readonly contender: string
  /** The checkout whose packages it uses instead of this one's. */
  readonly packages?: string
}

export interface MeasureOptions {
  /** Default: every contender with the packages of this checkout. */
  readonly runs?: readonly Run[]
  readonly rounds: number
  /** After this many seconds no further round starts, but at least `least` rounds run. Default: all rounds. */
  readonly within?: { readonly seconds: number; readonly least: number }
  readonly quick: boolean
  readonly onStep: (round: number, contender: string) => void
}

/**
 * Runs every contender once in each round, in a new process. Each round starts at another contender, so that other load
 * on the machine affects all of them. A contender that fails has no further rounds and no results.
 */
export async function measureSuite(
  module: URL,
  suite: Suite,
  { runs = allRuns(suite), rounds, within = NO_LIMIT, quick, onStep }: MeasureOptions,
): Promise<Outcome> {
  const results = new Map<string, Measurement[]>(runs.map(({ name }) => [name, []]))
  const failures = new Map<string, string>()
  const { full, quick: few, warmUp } = suite.operations
  const startedAt = performance.now()
  for (let round = 0; round < rounds; round++) {
    if (round >= within.least && performance.now() - startedAt > within.seconds * 1000) break
    const start = round % runs.length
    for (const { name, ...run } of [...runs.slice(start), ...runs.slice(0, start)]) {
      if (failures.has(name)) continue
      onStep(round, name)
      const order = {
        module: module.href,
        ...run,
        operations: quick ? few : full,
        warmUp: quick ? Math.min(few, warmUp) : warmUp,
        quick,
      }
      try {
        results.get(name)?.push(await measureOnce(order))
      } catch (error) {
        failures.set(name, error instanceof Error ? error.message : String(error))
        results.set(name, [])
      }
    }
  }
  return { results, failures }
}

function allRuns({ contenders }: Suite): Run[] {
  return contenders.map(({ name }) => ({ name, contender: name }))
}

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
      limit = setTimeout(() => child.kill('SIGKILL'), KILL_TIMEOUT_MS)
    }, MEASUREMENT_TIMEOUT_MS)
    child.on('error', reject)
    child.on('exit', (code, signal) => {
      clearTimeout(limit)
      if (measurement) resolve(measurement)
      else if (hung) reject(new Error(`it took longer than ${MEASUREMENT_TIMEOUT_MS / 1000} s`))
      else reject(new Error(`its process ended with ${code ?? signal}`))
    })
  })
}
