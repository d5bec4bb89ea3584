import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { onTestFinished } from 'vitest'
import { CHILD_ENV } from './child-env.ts'

/** A program that is started again whenever it ends, until it exits with 0. */
export interface RunningProgram {
  /** Kills it with SIGKILL. It is started again. */
  kill(): Promise<void>
  /** Resolves when it has exited with 0. */
  readonly done: Promise<void>
}

export function keepRunning(name: string, args: readonly string[]): RunningProgram {
  const path = new URL(`./programs/${name}.ts`, import.meta.url).pathname
  let child: ChildProcess | undefined
  let stopped = false
  const done = run()
  const kill = async () => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  onTestFinished(async () => {
    stopped = true
    await kill()
  })
  return { kill, done }

  async function run(): Promise<void> {
    while (!stopped) {
      child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', path, ...args], {
        stdio: 'inherit',
        env: CHILD_ENV,
      })
      const [status] = await once(child, 'exit')
      if (status === 0) return
    }
  }
}
