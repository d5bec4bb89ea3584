import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { type ChildMessage, type RunningProcess, STOP } from './child.ts'

export interface Supervised {
  /** The port it listens on, which stays the same after a restart. */
  readonly port: number
  /** The program and its workers. */
  readonly processes: readonly RunningProcess[]
  /** Stops the program. Resolves when it has exited. */
  stop(): Promise<void>
}

export interface SuperviseOptions {
  /** The name in errors and in `processes`, such as `The feed`. */
  readonly name: string
  /** Starts the program. It listens on this port; 0 is any free one. */
  readonly start: (port: number) => ChildProcess
  readonly port?: number
  readonly restartDelay?: number
  /** Called when `processes` has changed. */
  readonly onChange?: () => void
}

/** Runs a server program, and starts it again on the same port when it exits. Rejects if the first start fails. */
export async function supervise({
  name,
  start,
  port = 0,
  restartDelay = 500,
  onChange = () => {},
}: SuperviseOptions): Promise<Supervised> {
  let child: ChildProcess
  let workers: readonly RunningProcess[] = []
  let bound: number | undefined
  let timer: NodeJS.Timeout | undefined
  let stopped = false

  const run = (port: number): Promise<number> =>
    new Promise((resolve, reject) => {
      child = start(port)
      child.on('message', (message: ChildMessage) => {
        if ('failure' in message) reject(Object.assign(new Error(message.failure.message), message.failure))
        if ('workers' in message) workers = message.workers
        if ('port' in message) resolve(message.port)
        onChange()
      })
      const end = (error: Error) => {
        reject(error)
        workers = []
        onChange()
        if (stopped || bound === undefined) return
        timer = setTimeout(() => {
          // If this start fails, it is tried again.
          run(bound as number).catch(() => {})
        }, restartDelay)
      }
      // A process that could not be started has no exit.
      child.on('error', (error) => {
        if (child.pid === undefined) end(error)
      })
      child.once('exit', (code, signal) => {
        end(new Error(`${name} ended before it was ready (${signal ?? `status ${code}`})`))
      })
    })
  const isRunning = () => child.exitCode === null && child.signalCode === null

  const listening = await run(port)
  bound = listening

  return {
    port: listening,
    get processes() {
      return [{ name, port: listening, pid: isRunning() ? child.pid : undefined }, ...workers]
    },
    async stop() {
      stopped = true
      clearTimeout(timer)
      if (!isRunning()) return
      const ended = once(child, 'exit')
      if (child.connected) child.send(STOP)
      await ended
    },
  }
}

/** Starts a program of this package with `config` and its port as JSON. */
export function forkProgram(entry: string, config: object): (port: number) => ChildProcess {
  return (port) =>
    fork(entry, [JSON.stringify({ ...config, port })], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
}
