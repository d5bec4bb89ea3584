import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createResumingFeed, type Disconnect } from '@rxsse/testing'
import { expect, it, onTestFinished } from 'vitest'
import { seeded } from '../test/chaos.ts'
import { startNode } from '../test/nodes.ts'
import { redisPath, startRedis } from '../test/redis.ts'
import { redisLog } from './redis-log.ts'

const EVENTS = 300
const KEY = 'path'

/** A program that is started again whenever it is killed. */
interface Program {
  kill(): Promise<void>
  readonly done: Promise<void>
}

function keepRunning(name: string, args: readonly string[]): Program {
  const path = new URL(`../test/${name}.ts`, import.meta.url).pathname
  let child: ChildProcess | undefined
  let stopped = false
  const done = run()
  const kill = async () => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  onTestFinished(async () => {
    stopped = true
    await kill()
  })
  return { kill, done }

  async function run(): Promise<void> {
    while (!stopped) {
      child = spawn(process.execPath, [path, ...args], { stdio: 'inherit' })
      const [status] = await once(child, 'exit')
      if (status === 0) return
    }
  }
}

it.skipIf(redisPath === undefined)(
  'source, pipeline, sink, Redis, another node, client with a checkpoint: each of them is killed again and again; the log has every event once, the client at least once, both in order',
  { timeout: 180_000 },
  async () => {
    const seed = Math.floor(Math.random() * 1_000_000)
    console.info(`whole path seed ${seed}`)
    const random = seeded(seed)
    const folder = mkdtempSync(join(tmpdir(), 'rxsse-path-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const redis = await startRedis({ durable: true })
    onTestFinished(() => redis.close())
    const disconnects = Array.from({ length: 5 }, (): Disconnect => {
      const by = (['END', 'FIN', 'RST'] as const)[Math.floor(random() * 3)] ?? 'RST'
      return { part: 'body', bytes: Math.floor(random() * 6_000), by }
    })
    const feed = await createResumingFeed({ messages: EVENTS, disconnects })
    onTestFinished(() => feed.close().catch(() => {}))
    const nodes = await Promise.all([startNode(redis.url, KEY), startNode(redis.url, KEY)])
    onTestFinished(async () => {
      await Promise.all(nodes.map((node) => node.kill()))
    })
    const log = redisLog({ url: redis.url, key: KEY, timeout: '60s', onError: () => {} })
    onTestFinished(() => log.close())
    const origin = await log.head()

    const collected = join(folder, 'collected')
    const relay = keepRunning('relay', [feed.url, redis.url, KEY, join(folder, 'relay')])
    const urls = nodes.map(({ url }) => url)
    const collector = keepRunning('collector', [collected, join(folder, 'collector'), origin.id, ...urls])

    let over = false
    relay.done.then(() => {
      over = true
    })
    const faults = [
      () => relay.kill(),
      () => collector.kill(),
      async () => {
        const node = nodes[Math.floor(random() * nodes.length)]
        await node?.kill()
        await node?.start()
      },
      async () => {
        await redis.stop('SIGKILL')
        await redis.start()
      },
    ]
    let crashes = 0
    while (!over) {
      // Long enough for a process to begin its work, or nothing would ever be done.
      await new Promise((resolve) => setTimeout(resolve, 300 + 400 * random()))
      await faults[crashes++ % faults.length]?.()
    }

    const lines = () => (existsSync(collected) ? readFileSync(collected, 'utf8').trim().split('\n') : [])
    while (!lines().at(-1)?.endsWith(`message event ${EVENTS}`))
      await new Promise((resolve) => setTimeout(resolve, 50))
    const { entries } = await log.since(origin.id, EVENTS + 10)
    expect(entries.map(({ message }) => message.data)).toEqual(
      Array.from({ length: EVENTS }, (_, n) => `event ${n + 1}`),
    )
    const wanted = entries.map(({ id, message }) => `${id} message ${message.data}`)
    // Once each, when those that a crash brought again are left out by their ids.
    expect([...new Set(lines())]).toEqual(wanted)
    // A crash brings again no more than what was under way.
    expect(lines().length).toBeLessThanOrEqual(EVENTS + crashes)
    expect(crashes).toBeGreaterThan(2)
  },
)
