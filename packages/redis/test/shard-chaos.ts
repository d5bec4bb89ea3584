import { setTimeout as sleep } from 'node:timers/promises'
import type { EventLog } from '@rxsse/server'
import { redisLog } from '../src/index.ts'
import type { ShardResult } from './programs/shard-node.ts'
import { computeResults, createReadings, startReadingSource } from './reading-source.ts'
import { startRedis } from './redis.ts'
import { createRandom } from './seeded-random.ts'
import { ShardNode, type ShardNodeOptions } from './shard-node-process.ts'

export interface ShardChaosOptions {
  /** Determines the events, and what happens to which node and when. */
  readonly seed: number
  /** How long nodes fail. */
  readonly seconds: number
  /** Milliseconds. It has to be longer than a busy machine lets a process wait. */
  readonly lease: number
  /** Whether Redis is restarted too. It keeps its data. */
  readonly redisFaults?: boolean
}

export interface ShardChaosReport {
  readonly seed: number
  readonly results: number
  readonly faults: Readonly<Record<string, number>>
  /** How often a shard went on from a snapshot. */
  readonly restored: number
  /** How often another process got the right to a shard, as the log shows. */
  readonly moves: number
  /** Errors of pipelines that were tried again. */
  readonly errors: readonly string[]
  /** Seconds from the end of the faults until the log had all results. */
  readonly recovery: number
  /** Violations. Empty if the log has exactly the right results, each once, and none of a node without the right. */
  readonly failures: readonly string[]
}

const NODES = 3
const SHARDS = 6
/** Three nodes share six shards, and fail at random. Then checks that the log has exactly the right results, each once. */
export async function shardChaos(options: ShardChaosOptions): Promise<ShardChaosReport> {
  const { seed, seconds, lease, redisFaults = false } = options
  const random = createRandom(seed)
  const redis = await startRedis({ durable: true })
  const readings = createReadings(seed, seconds * 100)
  const expected = computeResults(readings)
  // They come until the nodes have had most of their faults.
  const source = await startReadingSource(readings, readings.length / (seconds * 0.9))
  const shared: ShardNodeOptions = {
    redis,
    key: `shards-${seed}`,
    lease,
    source: source.url,
    count: SHARDS,
    when: seed % 2 === 0 ? 'at-once' : 'when-saved',
  }
  const nodes = await Promise.all(Array.from({ length: NODES }, () => ShardNode.start(shared)))
  const log = redisLog({ url: redis.url, key: shared.key, timeout: '60s', onError: () => {} })
  const reader = createResultReader(log)
  const faults: Record<string, number> = {}
  let end = 0

  const fault: Record<string, (node: ShardNode) => Promise<void>> = {
    async kill(node) {
      await node.kill()
      await sleep(800 * random())
      node.start()
    },
    async leave(node) {
      // One that hangs is killed.
      await Promise.race([node.leave(), sleep(5_000)])
      await node.kill()
      await sleep(400 * random())
      node.start()
    },
    async stop(node) {
      node.signal('SIGSTOP')
      await sleep(lease * (1.2 + random()))
      node.signal('SIGCONT')
    },
    async cut(node) {
      node.network.cut()
      await sleep(lease * 2 * random())
      node.network.heal()
    },
    async freeze(node) {
      node.network.freeze()
      await sleep(lease * 2 * random())
      node.network.heal()
    },
  }

  const disturb = async (node: ShardNode) => {
    await sleep(1_500 * random())
    while (performance.now() < end) {
      const kinds = Object.keys(fault)
      const kind = kinds[Math.floor(random() * kinds.length)] as string
      faults[kind] = (faults[kind] ?? 0) + 1
      await fault[kind]?.(node)
      await sleep(300 + 2_000 * random())
    }
  }
  const disturbRedis = async () => {
    while (performance.now() < end) {
      await sleep(1_000 + 2_000 * random())
      faults.redis = (faults.redis ?? 0) + 1
      await redis.stop(random() < 0.5 ? 'SIGKILL' : 'SIGTERM')
      await sleep(500 * random())
      await redis.start()
    }
  }

  const balanced = JSON.stringify(Array(NODES).fill(SHARDS / NODES))
  const describeShare = () => JSON.stringify(nodes.map(({ indexes }) => indexes.length))
  const waitFor = async (condition: () => boolean | Promise<boolean>) => {
    const limit = performance.now() + 120_000
    while (!(await condition()) && performance.now() < limit) await sleep(50)
  }

  try {
    await waitFor(() => describeShare() === balanced)
    source.begin()
    end = performance.now() + seconds * 1_000
    await Promise.all([...nodes.map(disturb), ...(redisFaults ? [disturbRedis()] : [])])
    const began = performance.now()
    await waitFor(
      async () => describeShare() === balanced && (await reader.readOn()).length >= expected.length,
    )
    const share = describeShare()
    const recovery = Math.round((performance.now() - began) / 100) / 10
    // What is not right yet would come now.
    await sleep(300)
    const { failures, moves } = checkLog(await reader.readOn(), expected)
    if (share !== balanced) failures.push(`the shards are not shared out evenly: ${share}`)
    return {
      seed,
      results: expected.length,
      faults,
      restored: nodes.reduce((sum, { restored }) => sum + restored, 0),
      moves,
      errors: nodes.flatMap(({ errors }) => errors),
      recovery,
      failures,
    }
  } finally {
    await Promise.all(nodes.map((node) => node.close()))
    await source.close()
    await log.close()
    await redis.close()
  }
}

/** Reads the results in the log, in its order. Their offsets do not count them: each start of Redis leaves some out. */
function createResultReader(log: EventLog) {
  const results: ShardResult[] = []
  let from = 0
  return {
    /** All results up to now. */
    async readOn(): Promise<readonly ShardResult[]> {
      for (let more = true; more; ) {
        const page = await log.since(from, { limit: 1_000 })
        results.push(...page.entries.map(({ message }) => JSON.parse(message.data) as ShardResult))
        from = page.end
        more = page.more
      }
      return results
    },
  }
}

/** Checks that each result is there once, and that no node has published after another one had the right to its shard. */
function checkLog(
  found: readonly ShardResult[],
  expected: readonly string[],
): { failures: string[]; moves: number } {
  const failures: string[] = []
  let moves = 0
  const left = new Map<string, number>()
  for (const text of expected) left.set(text, (left.get(text) ?? 0) + 1)
  const highest = new Map<number, number>()
  for (const { shard, token, text } of found) {
    const count = (left.get(text) ?? 0) - 1
    if (count < 0) failures.push(`shard ${shard} has published a wrong or repeated result: ${text}`)
    left.set(text, count)
    const number = Number.parseInt(token, 10)
    const before = highest.get(shard) ?? 0
    if (!(number >= before)) failures.push(`shard ${shard}: token ${token} after ${before}`)
    if (number > before) moves++
    highest.set(shard, number)
  }
  const missing = [...left].filter(([, count]) => count > 0)
  if (missing.length > 0) failures.push(`${missing.length} results are missing, such as ${missing[0]?.[0]}`)
  return { failures, moves: moves - highest.size }
}
