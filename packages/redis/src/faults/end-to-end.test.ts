import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { SseEvent } from '@rxsse/core'
import type { EventLog, LogPosition } from '@rxsse/server'
import { freePort } from '@rxsse/testing/programs'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startNode } from '../../test/node-process.ts'
import { redisPath } from '../../test/redis.ts'
import { keepRunning } from '../../test/restarting-program.ts'
import { createRandom } from '../../test/seeded-random.ts'
import { setUpLog, setUpRedis } from '../../test/set-up.ts'

/** Processes are killed until all of them have arrived, or often enough. `LONG_TESTS=1` makes it 300, and kills to the end. */
const IS_LONG = process.env.LONG_TESTS === '1'
const EVENTS = IS_LONG ? 300 : 150
/** Most of the work of these tests is to start processes. */
const MAX_CRASHES = IS_LONG ? Number.POSITIVE_INFINITY : 6
const KEY = 'path'

type Role = 'the source' | 'the pipeline' | 'Redis' | 'a node' | 'the client'

const ROLES: readonly Role[] = ['the source', 'the pipeline', 'Redis', 'a node', 'the client']

/** A source, a pipeline with a checkpoint that publishes to Redis, two nodes, and clients with checkpoints, each in its own process. */
interface Path {
  /** Kills it with SIGKILL and starts it again. */
  crash(role: Role): Promise<void>
  readonly log: EventLog
  readonly origin: LogPosition
  /** The events that the client without `dedupe` has stored. */
  readonly plain: () => SseEvent[]
  /** The events that the client with `dedupe` has stored. */
  readonly deduped: () => SseEvent[]
}

async function startPath(random: () => number): Promise<Path> {
  const folder = mkdtempSync(join(tmpdir(), 'rxsse-path-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const redis = await setUpRedis({ durable: true })
  const nodes = await Promise.all([startNode(redis.url, KEY), startNode(redis.url, KEY)])
  onTestFinished(async () => {
    await Promise.all(nodes.map((node) => node.kill()))
  })
  const log = setUpLog({ url: redis.url, key: KEY })
  const origin = await log.head()

  const port = await freePort()
  const source = keepRunning('source', [join(folder, 'source.db'), `${port}`, `${EVENTS}`])
  const sourceUrl = `http://127.0.0.1:${port}/`
  const checkpoint = join(folder, 'pipeline')
  const pipeline = keepRunning('pipeline', [sourceUrl, redis.url, KEY, checkpoint, `${EVENTS}`])
  const urls = nodes.map(({ url }) => url)
  const startClient = (mode: 'plain' | 'dedupe') => {
    const file = join(folder, mode)
    const client = keepRunning('collector', [file, `${file}-checkpoint`, origin.id, mode, ...urls])
    return { kill: () => client.kill(), stored: createLineReader(file) }
  }
  const plain = startClient('plain')
  const deduped = startClient('dedupe')

  const crashes: Record<Role, () => Promise<unknown>> = {
    'the source': () => source.kill(),
    'the pipeline': () => pipeline.kill(),
    async Redis() {
      await redis.stop('SIGKILL')
      await redis.start()
    },
    async 'a node'() {
      const node = nodes[Math.floor(random() * nodes.length)]
      await node?.kill()
      await node?.start()
    },
    'the client': () => Promise.all([plain.kill(), deduped.kill()]),
  }
  return {
    crash: async (role) => void (await crashes[role]()),
    log,
    origin,
    plain: plain.stored,
    deduped: deduped.stored,
  }
}

/** Reads the file only if it has grown. */
function createLineReader(file: string): () => SseEvent[] {
  let events: SseEvent[] = []
  let size = 0
  return () => {
    const now = statSync(file, { throwIfNoEntry: false })?.size ?? 0
    if (now === size) return events
    size = now
    const lines = readFileSync(file, 'utf8').trim().split('\n')
    events = lines.filter((line) => line !== '').map((line) => JSON.parse(line))
    return events
  }
}

const EXPECTED = Array.from({ length: EVENTS }, (_, n) => `event ${n + 1}`)

describe.skipIf(redisPath === undefined)(
  'from a source, over a pipeline and Redis, to the client of a node',
  () => {
    it.each<[string, readonly Role[]]>([
      ...ROLES.map((role): [string, readonly Role[]] => [role, [role]]),
      ['each of them in turn', ROLES],
    ])(
      'while %s is killed repeatedly, the log has every event once, a client gets it at least once, or once with dedupe, all in order',
      { timeout: 180_000 },
      async (name, roles) => {
        const seed = Number(process.env.PATH_SEED ?? Math.floor(Math.random() * 1_000_000))
        console.info(`end to end, ${name}: to repeat this run, set PATH_SEED=${seed}`)
        const random = createRandom(seed)
        const path = await startPath(random)
        const stored = () => [path.plain().length, path.deduped().length]
        const last = EXPECTED.at(-1)
        const isComplete = () => [path.plain, path.deduped].every((of) => of().at(-1)?.data === last)
        let crashes = 0
        const isOver = () => crashes >= Math.max(MAX_CRASHES, 2 * roles.length)
        for (let before = [0, 0]; ; ) {
          // The next crash comes only after some progress, or the run would never end.
          await until(
            () => isComplete() || (!isOver() && stored().every((count, n) => count > (before[n] ?? 0))),
          )
          if (isComplete()) break
          await sleep(250 * random())
          before = stored()
          await path.crash(roles[crashes++ % roles.length] ?? 'Redis')
        }
        expect(crashes).toBeGreaterThan(0)

        const { entries, gap } = await path.log.since(path.origin.id, { limit: EVENTS + 10 })
        expect(gap).toBeUndefined()
        expect(entries.map(({ message }) => message.data)).toEqual(EXPECTED)
        const sent = entries.map(({ id, message }) => ({
          type: 'message',
          data: message.data,
          lastEventId: id,
        }))
        expect(path.deduped()).toEqual(sent)
        // After a crash, the client gets the events after its last checkpoint again.
        expect(dropRepetitions(path.plain())).toEqual(sent)
      },
    )
  },
)

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(20)
}

function dropRepetitions(events: readonly SseEvent[]): SseEvent[] {
  return [...new Map(events.toReversed().map((event) => [event.lastEventId, event])).values()].toReversed()
}
