import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { Target } from '@rxsse/server'
import { CHILD_ENV } from './child-env.ts'

const program = new URL('./programs/node.ts', import.meta.url).pathname

/** A message that a node publishes. */
export interface PublishRequest {
  readonly n: number
  readonly data: unknown
  readonly type?: string | undefined
  readonly target?: Target | undefined
  readonly sourceId?: string | undefined
}

/** A node in its own process. Tests kill it and start it again on its port. */
export interface Node {
  readonly url: string
  readonly isUp: boolean
  /** Resolves to the id when the log has the message. Rejects if the node reports an error or dies. */
  publish(message: Omit<PublishRequest, 'n'>): Promise<string>
  /** Kills the node with SIGKILL. */
  kill(): Promise<void>
  start(): Promise<void>
  /** Resolves when its tail has started. A client without an id gets all messages published after that. */
  readonly following: Promise<void>
}

export async function startNode(redisUrl: string, key: string): Promise<Node> {
  let child: ChildProcess | undefined
  let port = 0
  let requests = 0
  const pending = new Map<number, { resolve(id: string): void; reject(error: Error): void }>()

  let resolveFollowing: () => void = () => {}
  const following = new Promise<void>((resolve) => {
    resolveFollowing = resolve
  })

  const node: Node = {
    following,
    get url() {
      return `http://127.0.0.1:${port}/`
    },
    get isUp() {
      return child !== undefined
    },
    publish(message) {
      return new Promise((resolve, reject) => {
        if (child === undefined) return reject(new Error('the node is down'))
        const n = ++requests
        pending.set(n, { resolve, reject })
        // If the node dies meanwhile, its exit rejects the promise.
        child.send({ ...message, n }, () => {})
      })
    },
    async kill() {
      const dying = child
      child = undefined
      if (dying === undefined) return
      dying.kill('SIGKILL')
      if (dying.exitCode === null && dying.signalCode === null) await once(dying, 'exit')
    },
    async start() {
      const starting = fork(program, [redisUrl, key, `${port}`], {
        execArgv: ['--disable-warning=ExperimentalWarning'],
        env: CHILD_ENV,
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      })
      port = await new Promise<number>((resolve, reject) => {
        starting.on(
          'message',
          (report: {
            listening?: number
            following?: boolean
            n?: number
            id?: string
            error?: string
            cause?: string
          }) => {
            if (report.listening !== undefined) return resolve(report.listening)
            if (report.following) return resolveFollowing()
            const request = pending.get(report.n ?? 0)
            pending.delete(report.n ?? 0)
            if (report.id !== undefined) request?.resolve(report.id)
            else request?.reject(new Error(`${report.error}: ${report.cause}`))
          },
        )
        starting.once('exit', () => {
          for (const { reject: rejectPending } of pending.values()) rejectPending(new Error('the node died'))
          pending.clear()
          reject(new Error('the node died before it listened'))
        })
      })
      child = starting
    },
  }
  await node.start()
  return node
}
