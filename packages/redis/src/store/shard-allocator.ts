import { randomUUID } from 'node:crypto'
import type { Lease, LeaseRequest } from '@rxsse/shared'
import type { SchedulerLike, Unsubscribable } from 'rxjs'
import type { Failure, Outcome } from '../connection/connection.ts'
import { leaveShardsScript, type Script, shareOutScript } from '../scripts/script.ts'
import { pollInterval, readClock } from './held-lease.ts'
import type { LeaseHolder } from './lease-holder.ts'
import { createCountError } from './shard-count.ts'
import type { StoreKeys } from './store-keys.ts'

export interface ShardAllocatorOptions {
  readonly shards: readonly { readonly holder: LeaseHolder; readonly keys: StoreKeys }[]
  /** Milliseconds that a lease lasts. */
  readonly duration: number
  readonly scheduler: SchedulerLike
  /** Runs a script with the key of the nodes, and then these. */
  readonly run: (
    script: Script,
    keys: readonly string[],
    args: readonly string[],
  ) => Promise<Outcome<unknown>>
  readonly reportFailure: (failure: Failure) => void
}

interface Waiting {
  resolve(lease: Lease): void
  reject(error: Error): void
}

/**
 * This node's part in sharing out the shards of a job. While it wants or has shards, it calls Redis every few hundred
 * milliseconds: it says that it is alive, takes free shards up to its quota, and is told that it has too many.
 */
export class ShardAllocator {
  readonly #options: ShardAllocatorOptions
  readonly #waiting = new Map<number, Waiting>()
  #node = randomUUID()
  #isRunning = false
  #isClosed = false
  #timer: Unsubscribable | undefined
  #asking: Promise<void> | undefined

  constructor(options: ShardAllocatorOptions) {
    this.#options = options
  }

  acquire(index: number): LeaseRequest {
    let cancel = () => {}
    const granted = new Promise<Lease>((resolve, reject) => {
      const waiting = { resolve, reject }
      this.#waiting.set(index, waiting)
      cancel = () => {
        if (this.#waiting.get(index) === waiting) this.#waiting.delete(index)
      }
    })
    if (!this.#isRunning) {
      this.#isRunning = true
      // The shards that are asked for in the same turn are shared out together.
      this.#askAfter(0)
    }
    return { granted, cancel }
  }

  /** Leaves the nodes that share out the shards. Call it when the leases are released. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#waiting.clear()
    this.#timer?.unsubscribe()
    // A call that reaches Redis after `leave` would enter this node again, and take shards.
    await this.#asking
    if (this.#isRunning) await this.#leave()
  }

  #askAfter(delay: number): void {
    this.#timer = this.#options.scheduler.schedule(() => {
      this.#asking = this.#ask()
    }, delay)
  }

  async #ask(): Promise<void> {
    const { shards, duration, scheduler, run, reportFailure } = this.#options
    const held = shards.filter(({ holder }) => holder.token !== undefined)
    if (held.length === 0 && this.#waiting.size === 0) return this.#leave()
    const free = [...this.#waiting.keys()]
    const asked = readClock(scheduler)
    const outcome = await run(
      shareOutScript,
      free.flatMap((index) => {
        const { fence, lease } = (shards[index] as (typeof shards)[number]).keys
        return [fence, lease]
      }),
      [this.#node, duration / 2, duration, shards.length, held.length, ...free].map(String),
    )
    if ('answer' in outcome) await this.#take(outcome.answer as Answer, asked)
    else if (!this.#rejectIfOtherCount(outcome.failure)) reportFailure(outcome.failure)
    if (!this.#isClosed) this.#askAfter(pollInterval(duration))
  }

  async #take([quota, ...given]: Answer, asked: number): Promise<void> {
    const { shards } = this.#options
    const unwanted: Promise<void>[] = []
    for (let i = 0; i < given.length; i += 2) {
      const [index, token] = [Number(given[i]), String(given[i + 1])]
      const { holder } = shards[index] as (typeof shards)[number]
      const waiting = this.#waiting.get(index)
      this.#waiting.delete(index)
      if (waiting === undefined) unwanted.push(holder.giveBack(token))
      else waiting.resolve(holder.hold(token, asked))
    }
    const kept = shards.filter(({ holder }) => holder.token !== undefined && !holder.isWanted)
    for (const { holder } of kept.slice(quota)) holder.want()
    await Promise.all(unwanted)
  }

  #rejectIfOtherCount({ error }: Failure): boolean {
    const reason = createCountError(error, this.#options.shards.length)
    if (reason === undefined) return false
    for (const { reject } of this.#waiting.values()) reject(reason)
    this.#waiting.clear()
    return true
  }

  async #leave(): Promise<void> {
    this.#isRunning = false
    const node = this.#node
    // If it comes back, it has not been there for longest.
    this.#node = randomUUID()
    await this.#options.run(leaveShardsScript, [], [node])
  }
}

/** The quota, then index and token of each shard. */
type Answer = [quota: number, ...(string | number)[]]
