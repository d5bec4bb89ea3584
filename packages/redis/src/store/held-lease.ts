import { type Lease, SnapshotStoreError } from '@rxsse/shared'
import { asyncScheduler, type SchedulerLike, type Unsubscribable } from 'rxjs'
import type { Failure, Outcome } from '../connection/connection.ts'
import { retry } from '../connection/retry.ts'
import { releaseLeaseScript, renewLeaseScript, type Script } from '../scripts/script.ts'
import { isFenced } from './fence.ts'

export interface LeaseOptions {
  /** Milliseconds that a lease lasts without being renewed. */
  readonly duration: number
  readonly scheduler: SchedulerLike
  readonly random: () => number
  /** Milliseconds that `release` waits for Redis. */
  readonly timeout: number
  /** Runs a script with the keys of the fence, the lease and the nodes. */
  readonly run: (script: Script, args: readonly string[]) => Promise<Outcome<unknown>>
  /** Reports a failure that no call waits for. */
  readonly reportFailure: (failure: Failure) => void
  /** Calls a listener, and reports its error. */
  readonly call: (listener: () => unknown) => void
}

/** A lease from the moment when Redis gave it until it is lost or returned. */
export class HeldLease implements Lease {
  readonly token: string
  readonly #options: LeaseOptions
  readonly #onEnd: () => void
  readonly #listeners: ((reason: Error) => void)[] = []
  readonly #wantedListeners: (() => void)[] = []
  /** When the lease ends here: a little earlier than in Redis, because timers are late. */
  #end = 0
  #lost: Error | undefined
  #isOver = false
  #released: Promise<void> | undefined
  isWanted = false
  #timer: Unsubscribable | undefined

  constructor(token: string, since: number, options: LeaseOptions, onEnd: () => void) {
    this.token = token
    this.#options = options
    this.#onEnd = onEnd
    this.#extend(since)
    this.#scheduleRenewal(options.duration / 3)
  }

  onLost(listener: (reason: Error) => void): void {
    if (this.#lost !== undefined) listener(this.#lost)
    else this.#listeners.push(listener)
  }

  onWanted(listener: () => void): void {
    if (this.isWanted) listener()
    else this.#wantedListeners.push(listener)
  }

  want(): void {
    if (this.isWanted || this.#isOver) return
    this.isWanted = true
    this.#call(this.#wantedListeners, undefined)
  }

  /** Whoever calls it again waits as well. */
  release(): Promise<void> {
    this.#released ??= this.#giveUp()
    return this.#released
  }

  async #giveUp(): Promise<void> {
    if (this.#isOver) return
    this.#finish()
    const { run } = this.#options
    // If Redis cannot be asked, the lease ends by itself.
    await retry(
      () => run(releaseLeaseScript, [this.token]),
      () => true,
      this.#options,
    )
  }

  checkTime(): void {
    if (!this.#isOver && readClock(this.#options.scheduler) >= this.#end)
      this.lose('the lease could not be renewed in time')
  }

  lose(reason: string): void {
    if (this.#isOver) return
    this.#finish()
    this.#lost = new SnapshotStoreError(
      'lease-lost',
      `redisStore: the right to run the job is lost: ${reason}`,
    )
    this.#call(this.#listeners, this.#lost)
  }

  #call<T>(listeners: ((value: T) => void)[], value: T): void {
    for (const listener of listeners.splice(0)) this.#options.call(() => listener(value))
  }

  #extend(since: number): void {
    const { duration } = this.#options
    this.#end = since + duration - duration / STEPS
  }

  #finish(): void {
    this.#isOver = true
    this.#timer?.unsubscribe()
    this.#onEnd()
  }

  #scheduleRenewal(delay: number): void {
    const { scheduler } = this.#options
    const left = Math.max(0, this.#end - readClock(scheduler))
    this.#timer = scheduler.schedule(() => this.#renew(), Math.min(delay, left))
  }

  async #renew(): Promise<void> {
    const { scheduler, duration, run, reportFailure } = this.#options
    this.checkTime()
    if (this.#isOver) return
    this.#watchEnd()
    const sent = readClock(scheduler)
    const outcome = await run(renewLeaseScript, [this.token, `${duration}`])
    this.checkTime()
    if (this.#isOver) return
    this.#timer?.unsubscribe()
    if ('answer' in outcome) {
      this.#extend(sent)
      return this.#scheduleRenewal(duration / 3)
    }
    const { failure } = outcome
    if (isFenced(failure.error)) return this.lose('another process has it, or Redis lost who has it')
    reportFailure(failure)
    this.#scheduleRenewal(duration / STEPS)
  }

  /** The answer to a renewal may never come. Then this ends the lease. */
  #watchEnd(): void {
    const { scheduler } = this.#options
    this.checkTime()
    if (this.#isOver) return
    // A timer may fire a little too early.
    const left = Math.max(1, this.#end - readClock(scheduler))
    this.#timer = scheduler.schedule(() => this.#watchEnd(), left)
  }
}

/** How often another process asks for a lease, in milliseconds: within this time it takes one that is released. */
export function pollInterval(duration: number): number {
  return Math.min(duration / STEPS, 500)
}

/** Into how many parts of its duration the time of a lease is divided. */
const STEPS = 20

/** A clock that is never set back or ahead. `asyncScheduler` tells the time of day. */
export function readClock(scheduler: SchedulerLike): number {
  return scheduler.now === asyncScheduler.now ? performance.now() : scheduler.now()
}
