import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { CHILD_ENV } from './child-env.ts'
import { type NetworkSwitch, startNetworkSwitch } from './network-switch.ts'
import type { ShardReport } from './programs/shard-node.ts'
import type { Redis } from './redis.ts'

const program = new URL('./programs/shard-node.ts', import.meta.url).pathname

export interface ShardNodeOptions {
  readonly redis: Redis
  readonly key: string
  /** Milliseconds. */
  readonly lease: number
  readonly source: string
  readonly count: number
  readonly when?: 'at-once' | 'when-saved'
}

type Shards = Extract<ShardReport, { readonly shards: unknown }>['shards']

/** A process that runs shards, behind a network of its own. Tests start it again after it has ended. */
export class ShardNode {
  readonly network: NetworkSwitch
  readonly #options: ShardNodeOptions
  readonly errors: string[] = []
  /** The shards that it has, as it said last. */
  shards: Shards = []
  /** How often a shard went on from a snapshot. */
  restored = 0
  #child: ChildProcess | undefined

  private constructor(network: NetworkSwitch, options: ShardNodeOptions) {
    this.network = network
    this.#options = options
  }

  static async start(options: ShardNodeOptions): Promise<ShardNode> {
    const node = new ShardNode(await startNetworkSwitch(options.redis.port), options)
    node.start()
    return node
  }

  get isUp(): boolean {
    return this.#child !== undefined
  }

  get indexes(): number[] {
    return this.shards.map(({ index }) => index)
  }

  start(): void {
    const { key, lease, source, count, when = 'at-once' } = this.#options
    const url = `redis://127.0.0.1:${this.network.port}`
    const child = fork(program, [url, key, `${lease}`, source, `${count}`, when], {
      execArgv: ['--disable-warning=ExperimentalWarning'],
      env: CHILD_ENV,
    })
    this.#child = child
    child.on('message', (report: ShardReport) => {
      if ('error' in report) this.errors.push(report.error)
      else {
        const before = new Set(this.indexes)
        this.restored += report.shards.filter(({ index, from }) => from > 0 && !before.has(index)).length
        this.shards = report.shards
      }
    })
    child.on('exit', (status) => {
      if (status !== null && status !== 0) this.errors.push(`exit ${status}`)
      if (this.#child !== child) return
      this.shards = []
      this.#child = undefined
    })
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child?.kill(signal)
  }

  /** Kills it with SIGKILL. */
  async kill(): Promise<void> {
    const child = this.#child
    if (child === undefined) return
    const exit = once(child, 'exit')
    child.kill('SIGKILL')
    await exit
  }

  /** Lets it save and return its shards, and end. */
  async leave(): Promise<void> {
    const child = this.#child
    if (child === undefined) return
    const exit = once(child, 'exit')
    child.send('leave')
    await exit
  }

  async close(): Promise<void> {
    await this.kill()
    await this.network.close()
  }
}
