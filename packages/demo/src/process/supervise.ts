import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { Listening } from './listen-as-child.ts'

export interface Supervised {
  /** The port it listens on, which stays the same after a restart. */
  readonly port: number
  /** The process id while it runs. */
  readonly pid: number | undefined
  /** Stops the program. Resolves when it has exited. */
  stop(): Promise<void>
}

/**
 * Starts a server program as a child process, and restarts it on the same port when it exits. The program receives
 * `config` and its port as JSON. Rejects if the first start fails.
 */
export async function supervise({
  name,
  entry,
  config,
  port = 0,
  restartDelay = 1_500,
}: {
  /** The name in errors, such as `the feed`. */
  readonly name: string
  /** The path of the program. */
  readonly entry: string
  readonly config: object
  readonly port?: number
  readonly restartDelay?: number
}): Promise<Supervised> {
  let child: ChildProcess
  let bound: number | undefined
  let timer: NodeJS.Timeout | undefined
  let stopped = false

  const start = (port: number): Promise<number> =>
    new Promise((resolve, reject) => {
      child = fork(entry, [JSON.stringify({ ...config, port })], {
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      })
      child.once('message', (message) => {
        const { port, failure } = message as Listening
        if (failure === undefined) resolve(port)
        else reject(Object.assign(new Error(failure.message), failure))
      })
      child.once('error', reject)
      child.once('exit', (code, signal) => {
        reject(new Error(`${name} ended before it was ready (${signal ?? `status ${code}`})`))
        if (stopped || bound === undefined) return
        timer = setTimeout(() => {
          // If this start fails, the process exits and this handler tries again.
          start(bound as number).catch(() => {})
        }, restartDelay)
      })
    })
  const running = () => child.exitCode === null && child.signalCode === null

  bound = await start(port)

  return {
    port: bound,
    get pid() {
      return running() ? child.pid : undefined
    },
    async stop() {
      stopped = true
      clearTimeout(timer)
      if (!running()) return
      const ended = once(child, 'exit')
      if (child.connected) child.disconnect()
      await ended
    },
  }
}
