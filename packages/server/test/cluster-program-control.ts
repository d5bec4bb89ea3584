import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { LogPage } from '../src/log/event-log.ts'
import type { Target } from '../src/sink/message.ts'
import type { SinkStats } from '../src/sink/stats.ts'
import { CHILD_ENV } from './child-env.ts'

const program = new URL('./cluster-program.ts', import.meta.url).pathname

export interface Publication {
  readonly data: unknown
  readonly type?: string
  readonly target?: Target
  readonly sourceId?: string
}

/** What the program is to do, in the primary, or in the worker with this process id. */
export interface Order {
  readonly n: number
  readonly worker?: number
  readonly publish?: Publication
  readonly disconnect?: Target
  readonly since?: string | number
  readonly stats?: boolean
  readonly workers?: boolean
  /** Keeps the process from doing anything for so many milliseconds. Has no answer. */
  readonly hang?: number
  /** From now on, processes are made from this program, which may not exist. */
  readonly executable?: string
  readonly close?: boolean
}

export interface Answer {
  readonly n: number
  readonly id?: string
  readonly page?: LogPage
  readonly stats?: Readonly<Record<string, SinkStats>>
  readonly workers?: readonly number[]
  readonly closed?: boolean
  readonly error?: string
  readonly cause?: string
}

export interface ClusterProgram extends AsyncDisposable {
  readonly child: ChildProcess
  readonly url: string
  readonly port: number
  /** The position of the empty log. */
  readonly origin: string
  /** Rejects if the program says no, or if the process that was asked dies. */
  ask(order: Omit<Order, 'n'>): Promise<Answer>
  publish(publication: Publication, worker?: number): Promise<string>
  /** The process ids of the workers. */
  workers(): Promise<readonly number[]>
  /** SIGKILL for a worker. Resolves when another one is there. */
  killWorker(pid: number): Promise<void>
}

export async function startProgram({
  workers = 2,
  path = '',
  serialization = 'json',
  port = 0,
  reusePort = false,
}: {
  readonly workers?: number
  readonly path?: string
  readonly serialization?: 'json' | 'advanced'
  readonly port?: number
  readonly reusePort?: boolean
} = {}): Promise<ClusterProgram> {
  const child = fork(program, [`${workers}`, path, serialization, `${port}`, `${reusePort}`], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: CHILD_ENV,
  })
  const waiting = new Map<number, { resolve(answer: Answer): void; reject(error: Error): void }>()
  let orders = 0
  const started = await new Promise<{ url: string; port: number; origin: string }>((resolve, reject) => {
    child.once('exit', (code, signal) => {
      const gone = new Error(`the program ended: ${signal ?? code}`)
      for (const each of waiting.values()) each.reject(gone)
      waiting.clear()
      reject(gone)
    })
    child.on('message', (message: Partial<Answer> & { url?: string; port?: number; origin?: string }) => {
      const { url, port: bound, origin } = message
      if (url !== undefined && bound !== undefined && origin !== undefined)
        return resolve({ url, port: bound, origin })
      const asked = waiting.get(message.n ?? 0)
      waiting.delete(message.n ?? 0)
      if (message.error === undefined) asked?.resolve(message as Answer)
      else asked?.reject(new Error(`${message.error}: ${message.cause}`))
    })
  })
  const running: ClusterProgram = {
    child,
    ...started,
    url: `${started.url}/events`,
    ask(order) {
      return new Promise((resolve, reject) => {
        const n = ++orders
        waiting.set(n, { resolve, reject })
        child.send({ n, ...order }, () => {})
      })
    },
    async publish(publish, worker) {
      const { id } = await running.ask(worker === undefined ? { publish } : { publish, worker })
      return id ?? ''
    },
    async workers() {
      return (await running.ask({ workers: true })).workers ?? []
    },
    async killWorker(pid) {
      process.kill(pid, 'SIGKILL')
      let present: readonly number[] = []
      do {
        await new Promise((resolve) => setTimeout(resolve, 20))
        present = await running.workers()
      } while (present.includes(pid) || present.length < workers)
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return
      // A worker that is about to begin would complain about a primary that is killed.
      const closed = running.ask({ close: true }).catch(() => {})
      await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 5_000))])
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    },
  }
  return running
}

/** Resolves when a process is gone. */
export async function isGone(pid: number): Promise<void> {
  await eventually(() => {
    try {
      process.kill(pid, 0)
      return false
    } catch {
      return true
    }
  })
}

/** Resolves when a condition is true that other processes bring about. */
export async function eventually(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5))
}
