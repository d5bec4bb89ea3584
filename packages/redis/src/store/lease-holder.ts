import { randomUUID } from 'node:crypto'
import { type Lease, type LeaseRequest, SnapshotStoreError } from '@rxsse/shared'
import { asyncScheduler, type SchedulerLike, type Unsubscribable } from 'rxjs'
import { backoffDelay } from '../connection/backoff.ts'
import type { Failure, Outcome } from '../connection/connection.ts'
import { retry } from '../connection/retry.ts'
import { acquireLeaseScript, releaseLeaseScript, renewLeaseScript, type Script } from '../scripts/script.ts'
import { isFenced } from './fence.ts'

export interface LeaseHolderOptions {
  /** Milliseconds that a lease lasts without being renewed. */
  readonly duration: number
  readonly scheduler: SchedulerLike
  readonly random: () => number
  /** Milliseconds that `release` waits for Redis. */
  readonly timeout: number
  /** Runs a script with the keys of the fence and the lease. */
  readonly run: (script: Script, args: readonly string[]) => Promise<Outcome<unknown>>
  /** Reports a failure that no call waits for. */
  readonly reportFailure: (failure: Failure) => void
  /** Reports what a listener has thrown. */
  readonly reportError: (error: unknown) => void
}

/**
 * The right of this process to run the job. It is renewed three times within its duration. If that fails for the whole
 * duration, it is lost. That is measured from the moment a renewal was sent, on a clock that only goes forward. So a process
 * that was stopped for too long knows that it lost the right before it does anything else.
 */
export class LeaseHolder {
  readonly #options: LeaseHolderOptions
  /** The calls that Redis has not answered. Each may give the right, or return it. */
  readonly #calls = new Set<Promise<unknown>>()
  #held: HeldLease | undefined

  constructor(options: LeaseHolderOptions) {
    this.#options = { ...options, run: (script, args) => this.#track(options.run(script, args)) }
  }

  /** Undefined if this process does not have the right now. */
  get token(): string | undefined {
    this.#held?.checkTime()
    return this.#held?.token
  }

  /** As `token`. Throws if this process does not have the right now. */
  requireToken(): string {
    const { token } = this
    if (token !== undefined) return token
    throw new SnapshotStoreError(
      'lease-lost',
      'redisStore: this process does not have the right to run the job',
    )
  }

  /** Asks again and again until the right is granted. */
  acquire(): LeaseRequest {
    let isCancelled = false
    let wait: Unsubscribable | undefined
    let failures = 0
    const { scheduler, random, duration, run, reportFailure } = this.#options
    const granted = new Promise<Lease>((resolve) => {
      const ask = async () => {
        const asked = readClock(scheduler)
        const outcome = await run(acquireLeaseScript, [randomUUID(), `${duration}`])
        if (isCancelled) return this.#giveBack(outcome)
        if ('answer' in outcome && typeof outcome.answer === 'string')
          return resolve(this.#hold(outcome.answer, asked))
        if ('failure' in outcome) {
          reportFailure(outcome.failure)
          // A store that was just created is not connected yet.
          wait = scheduler.schedule(ask, backoffDelay(10, failures++, random))
          return
        }
        failures = 0
        wait = scheduler.schedule(ask, Math.min(Number(outcome.answer) + 1, duration / POLLS, MAX_POLL))
      }
      ask()
    })
    return {
      granted,
      cancel: () => {
        isCancelled = true
        wait?.unsubscribe()
      },
    }
  }

  /** Redis has refused a token. If that was a late answer, this process may have another token by now. */
  lose(token: string): void {
    if (token !== this.#held?.token) return
    this.#held.lose(
      'another process has the right to run the job, or Redis lost who has it, or the log is on another server than the store',
    )
  }

  /** Returns the right. Resolves when Redis has answered all calls, or after `timeout`. */
  async release(): Promise<void> {
    void this.#held?.release()
    await retry(
      () => this.#settle(),
      () => true,
      this.#options,
    )
  }

  async #settle(): Promise<Outcome<void>> {
    // If a call that was cancelled gets the right, another one returns it.
    while (this.#calls.size > 0) await Promise.all(this.#calls)
    return { answer: undefined }
  }

  #track<T>(call: Promise<T>): Promise<T> {
    this.#calls.add(call)
    void call.finally(() => this.#calls.delete(call))
    return call
  }

  #hold(token: string, since: number): Lease {
    this.#held?.lose('this process has asked for the right again')
    const held = new HeldLease(token, since, this.#options, () => {
      if (this.#held === held) this.#held = undefined
    })
    this.#held = held
    return held
  }

  /** The right was granted after nobody waited for it any more. */
  async #giveBack(outcome: Outcome<unknown>): Promise<void> {
    if ('answer' in outcome && typeof outcome.answer === 'string')
      await this.#options.run(releaseLeaseScript, [outcome.answer])
  }
}

/** How many times within the duration of a lease another process asks for it. */
const POLLS = 20
/** The longest time between two of them in milliseconds: a lease that is released is taken within it. */
const MAX_POLL = 500

class HeldLease implements Lease {
  readonly token: string
  readonly #options: LeaseHolderOptions
  readonly #onEnd: () => void
  readonly #listeners: ((reason: Error) => void)[] = []
  /** When the lease ends here: a little earlier than in Redis, because timers are late. */
  #end = 0
  #lost: Error | undefined
  #isOver = false
  #released: Promise<void> | undefined
  #timer: Unsubscribable | undefined

  constructor(token: string, since: number, options: LeaseHolderOptions, onEnd: () => void) {
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
    for (const listener of this.#listeners.splice(0)) {
      try {
        listener(this.#lost)
      } catch (error) {
        this.#options.reportError(error)
      }
    }
  }

  #extend(since: number): void {
    const { duration } = this.#options
    this.#end = since + duration - duration / POLLS
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
    this.#scheduleRenewal(duration / POLLS)
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

/** A clock that is never set back or ahead. `asyncScheduler` tells the time of day. */
function readClock(scheduler: SchedulerLike): number {
  return scheduler.now === asyncScheduler.now ? performance.now() : scheduler.now()
}
