import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export interface SupervisedFeed {
  /** Where the feed serves its events; the same after every restart. */
  readonly url: string
  /** Times the process was started again after it had died. */
  readonly restarts: number
  /** The process id while it runs, to kill it by. */
  readonly pid: number | undefined
  stop(): void
}

/** Starts the feed as a process and starts it again, on the same port and timeline, whenever it dies. */
export async function superviseFeed({
  speed,
  restartDelay = 3_000,
}: {
  readonly speed: number
  readonly restartDelay?: number
}): Promise<SupervisedFeed> {
  const origin = Date.now()
  let child: ChildProcess
  let restarts = 0
  let timer: NodeJS.Timeout | undefined
  let stopped = false

  const start = (port: number): Promise<number> =>
    new Promise((resolve, reject) => {
      const entry = fileURLToPath(new URL('./main.js', import.meta.url))
      child = fork(entry, [JSON.stringify({ port, speed, origin })], {
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      })
      child.once('message', (message) => resolve((message as { port: number }).port))
      child.once('error', reject)
      child.once('exit', (code, signal) => {
        reject(new Error(`the feed ended before it was ready (${signal ?? `status ${code}`})`))
        if (stopped || bound === undefined) return
        timer = setTimeout(() => {
          restarts += 1
          // A start that fails dies too, and this handler tries again.
          start(bound as number).catch(() => {})
        }, restartDelay)
      })
    })

  let bound: number | undefined
  bound = await start(0)

  return {
    url: `http://127.0.0.1:${bound}/feed`,
    get restarts() {
      return restarts
    },
    get pid() {
      return child.exitCode === null && child.signalCode === null ? child.pid : undefined
    },
    stop() {
      stopped = true
      clearTimeout(timer)
      if (child.connected) child.disconnect()
    },
  }
}
