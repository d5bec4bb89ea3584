import { randomUUID } from 'node:crypto'
import { type Lease, type LeaseRequest, SnapshotStoreError } from '@rxsse/shared'
import type { Unsubscribable } from 'rxjs'
import { backoffDelay } from '../connection/backoff.ts'
import type { Outcome } from '../connection/connection.ts'
import { retry } from '../connection/retry.ts'
import { acquireLeaseScript, releaseLeaseScript } from '../scripts/script.ts'
import { HeldLease, type LeaseOptions, pollInterval, readClock } from './held-lease.ts'
import { createCountError } from './shard-count.ts'

/**
 * The right of this process to run the job. It is renewed three times within its duration. If that fails for the whole
 * duration, it is lost. That is measured from the moment a renewal was sent, on a clock that only goes forward. So a process
 * that was stopped for too long knows that it lost the right before it does anything else.
 */
export class LeaseHolder {
  readonly #options: LeaseOptions
  /** The calls that Redis has not answered. Each may give the right, or return it. */
  readonly #calls = new Set<Promise<unknown>>()
  #held: HeldLease | undefined

  constructor(options: LeaseOptions) {
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

  /** Asks again and again until the right is granted. `granted` rejects if the job has shards. */
  acquire(): LeaseRequest {
    let isCancelled = false
    let wait: Unsubscribable | undefined
    let failures = 0
    const { scheduler, random, duration, run, reportFailure } = this.#options
    const granted = new Promise<Lease>((resolve, reject) => {
      const ask = async () => {
        const asked = readClock(scheduler)
        const outcome = await run(acquireLeaseScript, [randomUUID(), `${duration}`])
        const token = 'answer' in outcome && typeof outcome.answer === 'string' ? outcome.answer : undefined
        if (token !== undefined) return isCancelled ? this.giveBack(token) : resolve(this.hold(token, asked))
        if (isCancelled) return
        if ('failure' in outcome) {
          const reason = createCountError(outcome.failure.error, 0)
          if (reason !== undefined) return reject(reason)
          reportFailure(outcome.failure)
          // A store that was just created is not connected yet.
          wait = scheduler.schedule(ask, backoffDelay(10, failures++, random))
          return
        }
        failures = 0
        wait = scheduler.schedule(ask, Math.min(Number(outcome.answer) + 1, pollInterval(duration)))
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

  /** Whether this process was asked to return the right. */
  get isWanted(): boolean {
    return this.#held?.isWanted === true
  }

  /** Asks for the right back. */
  want(): void {
    this.#held?.want()
  }

  /** Takes the right that Redis has given. `since`: when it was asked for, on the clock of `readClock`. */
  hold(token: string, since: number): Lease {
    this.#held?.lose('this process has asked for the right again')
    const held = new HeldLease(token, since, this.#options, () => {
      if (this.#held === held) this.#held = undefined
    })
    this.#held = held
    return held
  }

  /** The right was granted after nobody waited for it any more. */
  async giveBack(token: string): Promise<void> {
    await this.#options.run(releaseLeaseScript, [token])
  }
}
