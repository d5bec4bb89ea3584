import type { Primitive } from '../engine/keyed-state/key.ts'
import { Heap } from '../engine/queues/heap.ts'
import { Queue } from '../engine/queues/queue.ts'
import type { Job, WaitingJobs } from './job-queue.ts'

/**
 * Jobs that wait, of which those with equal keys are handled one at a time. The oldest one whose key is not busy is taken in
 * O(log n), however many jobs of busy keys are older.
 */
export class KeyedJobs<T> implements WaitingJobs<T> {
  /** In the order of arrival, from `#head` on, with jobs that were taken out of turn. */
  #order: Waiting<T>[] = []
  #head = 0
  #arrived = 0
  length = 0
  readonly #keys = new Map<Primitive, KeyJobs<T>>()
  /** The oldest job of each key that is not busy. */
  readonly #ready = new Heap<Waiting<T>>((a, b) => a.number < b.number)

  get first(): Job<T> | undefined {
    return this.#order[this.#head]?.job
  }

  isBusy(key: Primitive): boolean {
    return this.#keys.get(key)?.isBusy === true
  }

  push(job: Job<T>): void {
    const waiting: Waiting<T> = { job, number: this.#arrived++, isTaken: false }
    this.#order.push(waiting)
    this.length++
    let key = this.#keys.get(job.key)
    if (key === undefined) {
      key = { jobs: new Queue(), isBusy: false }
      this.#keys.set(job.key, key)
    }
    if (key.jobs.length === 0 && !key.isBusy) this.#ready.push(waiting)
    key.jobs.push(waiting)
  }

  /** Removes the oldest job, whether its key is busy or not. */
  shift(): Job<T> | undefined {
    const oldest = this.#order[this.#head]
    if (oldest === undefined) return undefined
    const { key: id } = oldest.job
    const key = this.#keys.get(id) as KeyJobs<T>
    key.jobs.shift()
    if (!key.isBusy) {
      // No job is older, so it is the first one here too.
      this.#ready.pop()
      this.#offerNext(id, key)
    }
    this.#take(oldest)
    return oldest.job
  }

  /** Takes the oldest job whose key is not busy. Its key is busy then. */
  takeReady(): Job<T> | undefined {
    const ready = this.#ready.pop()
    if (ready === undefined) return undefined
    const key = this.#keys.get(ready.job.key) as KeyJobs<T>
    key.jobs.shift()
    key.isBusy = true
    this.#take(ready)
    return ready.job
  }

  /** The job of this key is done. */
  free(id: Primitive): void {
    const key = this.#keys.get(id) as KeyJobs<T>
    key.isBusy = false
    this.#offerNext(id, key)
  }

  #take(waiting: Waiting<T>): void {
    waiting.isTaken = true
    this.length--
    while (this.#order[this.#head]?.isTaken) this.#head++
    // Jobs that were taken out of turn must not pile up behind one that waits for long.
    if (this.#order.length <= 2 * this.length + 64) return
    this.#order = this.#order.filter(({ isTaken }) => !isTaken)
    this.#head = 0
  }

  /** Makes the next job of a key ready. Forgets a key without jobs. */
  #offerNext(id: Primitive, { jobs }: KeyJobs<T>): void {
    if (jobs.first === undefined) this.#keys.delete(id)
    else this.#ready.push(jobs.first)
  }
}

interface Waiting<T> {
  readonly job: Job<T>
  readonly number: number
  isTaken: boolean
}

interface KeyJobs<T> {
  /** Those that wait, oldest first. */
  readonly jobs: Queue<Waiting<T>>
  /** Whether a job of the key is being handled. */
  isBusy: boolean
}
