import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { Listening } from './listen-as-child.ts'

export interface Supervised {
  /** Where it listens; the same after every restart. */
  readonly port: number
  /** The process id while it runs, to kill it by. */
  readonly pid: number | undefined
  /** Resolves when it has ended. */
  stop(): Promise<void>
}

/**
 * Starts a program that listens as a child, and starts it again on the same port whenever it dies. The program gets
 * `config` and its port as JSON. Rejects where the first start fails.
 */
export async function supervise({
  what,
  entry,
  config,
  port = 0,
  restartDelay = 3_000,
}: {
  /** For errors: `the feed`. */
  readonly what: string
  /** Path of the program. */
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
        reject(new Error(`${what} ended before it was ready (${signal ?? `status ${code}`})`))
        if (stopped || bound === undefined) return
        timer = setTimeout(() => {
          // A start that fails dies too, and this handler tries again.
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
