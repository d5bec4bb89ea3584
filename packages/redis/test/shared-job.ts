import { setTimeout as sleep } from 'node:timers/promises'
import { createJob, type JobStatus, lag, type SseEvent } from '@rxsse/operators'
import { Observable } from 'rxjs'
import { expect, onTestFinished } from 'vitest'
import { type RedisStore, type RedisStoreOptions, redisStore } from '../src/index.ts'
import { setUpLog } from './set-up.ts'

/** A node of a job with shards in the process of the test. */
export interface SharedJobNode {
  readonly store: RedisStore
  readonly errors: unknown[]
  /** The shards that it runs. */
  readonly indexes: number[]
  readonly status: JobStatus
  /** Where each shard has begun or gone on: `0 after 12`. */
  readonly began: string[]
  /** Resolves when all shards that it has are saved. */
  save(): Promise<unknown>
  /** Returns its shards in order. */
  leave(): Promise<void>
}

/** The events that all nodes get. Each has a key. */
export class SharedEvents {
  readonly #events: SseEvent[] = []
  readonly #listeners = new Set<() => void>()

  send(count: number): void {
    for (let n = 0; n < count; n++) {
      const id = this.#events.length + 1
      this.#events.push({ type: 'message', data: `key${id % 20}`, lastEventId: `${id}` })
    }
    for (const listener of this.#listeners) listener()
  }

  /** The results of the pipeline: each event with the one of its key before. */
  get results(): string[] {
    return this.#events.map(
      ({ data, lastEventId: id }) => `${data} ${Number(id) > 20 ? Number(id) - 20 : ''}-${id}`,
    )
  }

  after(id = '0'): Observable<SseEvent> {
    return new Observable((out) => {
      let next = Number(id)
      const send = () => {
        for (; next < this.#events.length && !out.closed; ) out.next(this.#events[next++] as SseEvent)
      }
      send()
      this.#listeners.add(send)
      out.add(() => this.#listeners.delete(send))
    })
  }
}

export function startSharedJob(
  events: SharedEvents,
  options: RedisStoreOptions & { readonly count?: number; readonly logUrl?: string },
): SharedJobNode {
  const { count = 6, logUrl, ...rest } = options
  const store = redisStore({ lease: '1s', onError: () => {}, ...rest })
  const log = setUpLog({ url: logUrl ?? rest.url ?? '', fence: store })
  const job = createJob({ store, every: '1h' })
  const node = { errors: [] as unknown[], began: [] as string[] }
  let status: JobStatus | undefined
  job.status.subscribe((now) => (status = now))
  const subscription = job
    .shards(count, (shard) =>
      shard
        .feed('events', ({ lastEventId }) => {
          node.began.push(`${shard.index} after ${lastEventId ?? 0}`)
          return events.after(lastEventId)
        })
        .pipe(
          shard.own((event) => event.data),
          lag({ key: (event) => event.data, stage: shard.stage('before') }, (now, before) => {
            return `${now.data} ${before?.lastEventId ?? ''}-${now.lastEventId}`
          }),
          shard.deliver(async (data, { id }) => log.append({ data, topic: '' }, 'all', { sourceId: id }), {
            concurrency: 32,
          }),
        ),
    )
    .subscribe({ error: (error) => node.errors.push(error) })
  const leave = async () => {
    subscription.unsubscribe()
    await store.close()
  }
  onTestFinished(leave)
  return {
    store,
    ...node,
    get indexes() {
      const here = status?.shards.filter(({ phase }) => phase !== 'restoring') ?? []
      return here.map(({ index }) => index)
    },
    get status() {
      return status as JobStatus
    },
    save: () => job.snapshot(),
    leave,
  }
}

/** Waits until all shards are here and there, and no node has more than its share. */
export async function waitUntilShared(nodes: readonly SharedJobNode[], count = 6): Promise<void> {
  const sizes = nodes.map((_, n) => Math.floor(count / nodes.length) + (n < count % nodes.length ? 1 : 0))
  const found = () => ({
    sizes: nodes.map(({ indexes }) => indexes.length).sort((a, b) => b - a),
    all: nodes.flatMap(({ indexes }) => indexes).sort((a, b) => a - b),
  })
  await expect.poll(found).toEqual({ sizes, all: Array.from({ length: count }, (_, index) => index) })
}

/** Waits until the log has exactly the results of all events, each once. */
export async function waitForResults(events: SharedEvents, url: string): Promise<void> {
  const log = setUpLog({ url })
  const read = async () => {
    const { entries } = await log.since(0, { limit: 10_000 })
    return entries.map(({ message }) => message.data).sort()
  }
  const expected = events.results.sort()
  await expect.poll(async () => (await read()).length).toBeGreaterThanOrEqual(expected.length)
  await sleep(50)
  expect(await read()).toEqual(expected)
}
