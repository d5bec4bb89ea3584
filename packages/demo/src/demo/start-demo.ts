import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fromEventSource } from '@rxsse/core'
import { data, decodeByType, ofType } from '@rxsse/operators'
import type { Observable } from 'rxjs'
import type { DemoOptions } from '../command-line/options.ts'
import type { FeedConfig } from '../feed/main.ts'
import { MESSAGES, type Messages } from '../messages/messages.ts'
import type { NodeConfig } from '../node/main.ts'
import { clearRedis } from '../node/storage.ts'
import type { RunningProcess } from '../process/child.ts'
import { forkProgram, type Supervised, supervise } from '../process/supervise.ts'

export interface Demo {
  readonly url: string
  /** The processes that the viewer may kill. Each is started again. */
  readonly processes: readonly RunningProcess[]
  readonly status: Observable<Messages['status']>
  /** Tells every client when to reconnect, sends what is queued for it, and stops every process. */
  close(): Promise<void>
}

/**
 * Starts the feed and the nodes, and starts each again if it dies. Rejects if a port is taken, Redis is unavailable or a
 * process does not start.
 */
export async function startDemo(options: DemoOptions): Promise<Demo> {
  const { speed, source, by, redis, nodes, workers } = options
  await using starting = new AsyncDisposableStack()
  const running: Supervised[] = []
  const folder = mkdtempSync(join(tmpdir(), 'rxsse-demo-'))
  starting.defer(() => rmSync(folder, { recursive: true, force: true }))
  if (redis !== undefined) {
    await clearRedis(redis.href)
    // If Redis has gone meanwhile, its outage was reported.
    starting.defer(() => clearRedis(redis.href).catch(() => {}))
  }
  // Together, because each waits until its clients have read what is queued.
  starting.defer(async () => {
    await Promise.all(running.map((each) => each.stop()))
  })
  const feed = source === undefined ? await startFeed(speed) : undefined
  if (feed !== undefined) running.push(feed)

  const urls: string[] = []
  for (let number = 1; number <= nodes; number++) {
    const config: NodeConfig = {
      name: nodes > 1 ? `node ${number} of ${nodes}` : '',
      // Only a job's store can tell the nodes which of them runs it.
      runs: number === 1 || source === undefined,
      workers,
      url: source?.href ?? `http://127.0.0.1:${feed?.port}/feed`,
      replay: source === undefined ? describeReplay(speed) : undefined,
      by,
      redis: redis?.href,
      folder,
    }
    const node = await supervise({
      name: nodes > 1 ? `Node ${number}` : 'The pipeline',
      port: options.port === 0 ? 0 : options.port + number - 1,
      start: forkProgram(fileURLToPath(new URL('../node/main.js', import.meta.url)), config),
    })
    running.push(node)
    urls.push(`http://localhost:${node.port}`)
  }
  const started = starting.move()
  const [url = ''] = urls
  return {
    url,
    get processes() {
      return running.flatMap(({ processes }) => processes)
    },
    status: readStatus(url),
    close: () => started.disposeAsync(),
  }
}

function startFeed(speed: number): Promise<Supervised> {
  const config: FeedConfig = { speed, origin: Date.now() }
  const entry = fileURLToPath(new URL('../feed/main.js', import.meta.url))
  return supervise({ name: 'The feed', start: forkProgram(entry, config) })
}

function describeReplay(speed: number): string {
  return `A week of earthquakes and twenty years of prices, ${speed.toLocaleString('en')} times as fast`
}

/** Reads the status as every client does. */
function readStatus(url: string): Observable<Messages['status']> {
  return fromEventSource(`${url}/sse?event_type=status`).pipe(
    decodeByType(MESSAGES),
    ofType('status'),
    data(),
  )
}
