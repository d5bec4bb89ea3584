import { fromEventSource, type SseEvent } from '@rxsse/core'
import type { EventLog, LogEntry, LogPosition } from '@rxsse/server'
import type { Subscription } from 'rxjs'
import { redisLog } from '../src/index.ts'
import { type Node, startNode } from './node-process.ts'
import { type Redis, startRedis } from './redis.ts'
import { createRandom } from './seeded-random.ts'

export interface ChaosOptions {
  /** Determines which nodes are killed and when, who publishes what, and where clients connect. */
  readonly seed: number
  readonly seconds: number
  readonly clients: number
  /** Events per second of all sources together. */
  readonly rate: number
  /** Whether Redis is paused, killed and restarted too. It keeps its data. */
  readonly redisFaults: boolean
}

export interface ChaosReport {
  readonly seed: number
  readonly published: number
  /** How often an event was published again because a node died before it answered. */
  readonly republished: number
  readonly delivered: number
  readonly connections: number
  readonly kills: number
  readonly redisFaults: number
  /** Violations. Empty if every client got every event once, in order. */
  readonly failures: readonly string[]
}

/**
 * Runs three nodes on one Redis, with clients at any node and sources at two of them, while nodes are killed and
 * restarted. Then checks that every client got every event once, in the order of the log.
 */
export async function chaos(options: ChaosOptions): Promise<ChaosReport> {
  const { seed } = options
  const redis = await startRedis({ durable: true })
  const key = `chaos-${seed}`
  const nodes = await Promise.all([1, 2, 3].map(() => startNode(redis.url, key)))
  const log = redisLog({ url: redis.url, key, timeout: '60s', onError: () => {} })
  const run = new ChaosRun(options, { redis, nodes, log, origin: await log.head() })
  try {
    await Promise.all(nodes.map(({ following }) => following))
    await run.run()
  } finally {
    run.stop()
    await Promise.all(nodes.map((node) => node.kill()))
    await log.close()
    await redis.close()
  }
  return { seed, published: run.clients[0]?.seen.length ?? 0, ...run.counts, failures: run.failures }
}

interface Environment {
  readonly redis: Redis
  readonly nodes: readonly Node[]
  readonly log: EventLog
  readonly origin: LogPosition
}

interface Client {
  readonly seen: SseEvent[]
  opened: boolean
  left: boolean
  subscription: Subscription | undefined
}

const SOURCES = 8

class ChaosRun {
  readonly counts = { republished: 0, delivered: 0, connections: 0, kills: 0, redisFaults: 0 }
  readonly failures: string[] = []
  readonly clients: Client[] = []
  readonly #options: ChaosOptions
  readonly #environment: Environment
  readonly #random: () => number
  #end = 0

  constructor(options: ChaosOptions, environment: Environment) {
    this.#options = options
    this.#environment = environment
    this.#random = createRandom(options.seed)
  }

  async run(): Promise<void> {
    const { clients, seconds, redisFaults } = this.#options
    for (let n = 0; n < clients; n++) this.#openClient(n, undefined)
    await until(() => this.clients.every(({ opened }) => opened))
    this.#end = Date.now() + seconds * 1_000
    const published = Promise.all(Array.from({ length: SOURCES }, (_, n) => this.#publish(n)))
    const disturbances = [this.#killNodes(), this.#replaceClients()]
    if (redisFaults) disturbances.push(this.#disturbRedis())
    const counts = await published
    await Promise.all(disturbances)
    const entries = await this.#readLog()
    this.#checkLog(entries, counts)
    await this.#checkClients(entries)
  }

  stop(): void {
    for (const { subscription } of this.clients) subscription?.unsubscribe()
  }

  #openClient(n: number, lastEventId: string | undefined): void {
    const choose = createRandom(this.#options.seed * 1_000 + n)
    const client: Client = { seen: [], opened: false, left: false, subscription: undefined }
    this.clients.push(client)
    const url = () => `${pick(this.#environment.nodes, choose).url}?as=${n}`
    const next = ({ status }: { status: string }) => {
      if (status !== 'open') return
      client.opened = true
      this.counts.connections++
    }
    client.subscription = fromEventSource(url, {
      reconnect: { initialDelay: 30, maxDelay: 300, minDelay: 10 },
      ...(lastEventId !== undefined && { lastEventId }),
      state: { next },
    }).subscribe({
      next: (event) => {
        this.counts.delivered++
        client.seen.push(event)
      },
      error: (error) => this.failures.push(`client ${n} ended: ${error}`),
    })
  }

  /** Publishes the events of one source, each until a node has acknowledged it. Returns their number. */
  async #publish(source: number): Promise<number> {
    const { seed, rate } = this.#options
    const choose = createRandom(seed * 1_000 + 900 + source)
    let count = 0
    while (Date.now() < this.#end) {
      const sourceId = `${source}:${++count}`
      for (;;) {
        try {
          await pick(this.#environment.nodes.slice(0, 2), choose).publish({ data: sourceId, sourceId })
          break
        } catch {
          this.counts.republished++
          await sleep(5)
        }
      }
      await sleep((1_000 * SOURCES * choose() * 2) / rate)
    }
    return count
  }

  async #killNodes(): Promise<void> {
    const random = this.#random
    const restart = async (node: Node, downtime: number) => {
      await node.kill()
      this.counts.kills++
      await sleep(downtime)
      await node.start()
    }
    while (Date.now() < this.#end) {
      await sleep(100 + 900 * random())
      const up = this.#environment.nodes.filter(({ isUp }) => isUp)
      const restarts = [restart(pick(up, random), 400 * random())]
      // Sometimes a second one, so that only one of three is up.
      const other = pick(up, random)
      if (random() < 0.2 && other.isUp) restarts.push(restart(other, 200 * random()))
      await Promise.all(restarts)
    }
  }

  /** Some clients leave for good. Others come late and want everything from the beginning. */
  async #replaceClients(): Promise<void> {
    const { clients, seconds } = this.#options
    const changes = clients / 10
    for (let n = 0; n < changes && Date.now() < this.#end; n++) {
      await sleep((seconds * 1_000) / (changes + 1))
      const leaving = this.clients[1 + Math.floor(this.#random() * (clients - 1))]
      if (leaving !== undefined) {
        leaving.left = true
        leaving.subscription?.unsubscribe()
      }
      this.#openClient(clients + n, this.#environment.origin.id)
    }
  }

  async #disturbRedis(): Promise<void> {
    const { redis } = this.#environment
    const random = this.#random
    while (Date.now() < this.#end) {
      await sleep(500 + 2_500 * random())
      this.counts.redisFaults++
      if (random() < 0.5) {
        redis.pause()
        await sleep(1_000 * random())
        redis.resume()
      } else {
        await redis.stop(random() < 0.5 ? 'SIGKILL' : 'SIGTERM')
        await sleep(500 * random())
        await redis.start()
      }
    }
  }

  async #readLog(): Promise<LogEntry[]> {
    const { log, origin } = this.#environment
    const entries: LogEntry[] = []
    for (let from: string | number = origin.id; ; ) {
      const page = await log.since(from, { limit: 1_000 })
      if (page.gap !== undefined) this.failures.push(`the log has a gap: ${JSON.stringify(page.gap)}`)
      entries.push(...page.entries)
      from = page.end
      if (!page.more) return entries
    }
  }

  /** Checks that the log has every acknowledged event once, in the order of its source. */
  #checkLog(entries: readonly LogEntry[], counts: readonly number[]): void {
    const data = entries.map(({ message }) => message.data)
    if (new Set(data).size !== data.length) this.failures.push('the log has an event twice')
    const acknowledged = counts.reduce((sum, count) => sum + count, 0)
    if (acknowledged !== data.length)
      this.failures.push(`${acknowledged} were acknowledged, the log has ${data.length}`)
    for (let source = 0; source < SOURCES; source++) {
      const own = data
        .filter((each) => each.startsWith(`${source}:`))
        .map((each) => Number(each.split(':')[1]))
      if (own.some((n, index) => n !== index + 1))
        this.failures.push(`source ${source} is out of order in the log`)
    }
  }

  /** Checks that every client got the entries of the log, or those up to the moment it left. */
  async #checkClients(entries: readonly LogEntry[]): Promise<void> {
    const deadline = Date.now() + 30_000
    const isDone = ({ seen, left }: Client) => left || seen.length >= entries.length
    await until(() => this.clients.every(isDone) || Date.now() > deadline)
    for (const [n, { seen, left }] of this.clients.entries()) {
      const expected = left ? entries.slice(0, seen.length) : entries
      const wrong = expected.findIndex(
        ({ message, id }, index) => seen[index]?.data !== message.data || seen[index]?.lastEventId !== id,
      )
      if (wrong === -1 && seen.length === expected.length) continue
      const at = wrong === -1 ? expected.length : wrong
      const around = JSON.stringify(seen.slice(Math.max(0, at - 1), at + 2))
      this.failures.push(
        `client ${n} has ${seen.length} of ${expected.length}; at ${at} it has ${around}, not ${expected[at]?.message.data}`,
      )
    }
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5)
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}

function pick<T>(from: readonly T[], random: () => number): T {
  return from[Math.floor(random() * from.length)] as T
}
