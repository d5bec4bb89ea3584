import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { Target } from '@rxsse/server'

const program = new URL('./programs/node.ts', import.meta.url).pathname

/** What a node is asked to publish. */
export interface Order {
  readonly n: number
  readonly data: unknown
  readonly type?: string | undefined
  readonly target?: Target | undefined
  readonly sourceId?: string | undefined
}

/** A node in a process of its own, which may be killed and started again on its port. */
export interface Node {
  readonly url: string
  readonly isUp: boolean
  /** Resolves to the id when the log has it; rejects when the node says no, or dies. */
  publish(message: Omit<Order, 'n'>): Promise<string>
  /** SIGKILL: nothing is said to anybody. */
  kill(): Promise<void>
  start(): Promise<void>
  /** Resolves when it first knows where the log stands: then a client without an id gets what is published from now on. */
  readonly following: Promise<void>
}

export async function startNode(redisUrl: string, key: string): Promise<Node> {
  let child: ChildProcess | undefined
  let port = 0
  let orders = 0
  const waiting = new Map<number, { resolve(id: string): void; reject(error: Error): void }>()

  let follows: () => void = () => {}
  const following = new Promise<void>((resolve) => {
    follows = resolve
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
        const n = ++orders
        waiting.set(n, { resolve, reject })
        // A node that dies meanwhile is seen by its exit.
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
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      })
      port = await new Promise<number>((resolve, reject) => {
        starting.on(
          'message',
          (said: {
            listening?: number
            following?: boolean
            n?: number
            id?: string
            error?: string
            cause?: string
          }) => {
            if (said.listening !== undefined) return resolve(said.listening)
            if (said.following) return follows()
            const order = waiting.get(said.n ?? 0)
            waiting.delete(said.n ?? 0)
            if (said.id !== undefined) order?.resolve(said.id)
            else order?.reject(new Error(`${said.error}: ${said.cause}`))
          },
        )
        starting.once('exit', () => {
          for (const { reject: refuse } of waiting.values()) refuse(new Error('the node died'))
          waiting.clear()
          reject(new Error('the node died before it listened'))
        })
      })
      child = starting
    },
  }
  await node.start()
  return node
}
