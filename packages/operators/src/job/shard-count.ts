import { isPromise, type MaybePromise, type Snapshot, type SnapshotStore } from '@rxsse/shared'
import type { Clock } from '../stage/clock.ts'
import { checkShards } from './mismatch.ts'
import { formatSnapshot, parseSnapshot } from './snapshot-format.ts'

/**
 * The number of shards that a job was saved with. It is in a snapshot of the whole job, which has nothing else. So the job
 * errors with another number, and without shards. A store with leases keeps the number by itself.
 */
export class ShardCount {
  readonly #count: number
  readonly #store: SnapshotStore
  readonly #clock: Clock
  #isSaved = false
  #saving: Promise<void> | undefined

  constructor(count: number, { store, clock }: { readonly store: SnapshotStore; readonly clock: Clock }) {
    this.#count = count
    this.#store = store
    this.#clock = clock
  }

  /** Rejects if the job was saved with another number, or without shards. */
  async check(): Promise<void> {
    const snapshot = await this.#store.load()
    if (snapshot) checkShards(parseSnapshot(snapshot).shards, this.#count)
    // The store may have been emptied since the last run.
    this.#isSaved = Boolean(snapshot) || this.#store.acquire !== undefined
  }

  /** Saves a snapshot of a shard, and before the first one the number. */
  save(shard: SnapshotStore, snapshot: Snapshot): MaybePromise<void> {
    if (this.#isSaved) return shard.save(snapshot)
    const saved = this.#saving ?? this.#saveCount()
    return isPromise(saved) ? saved.then(() => shard.save(snapshot)) : shard.save(snapshot)
  }

  #saveCount(): MaybePromise<void> {
    const content = { shards: this.#count, time: this.#clock.timeOfDay(), feeds: [], parts: [] }
    const saved = this.#store.save({ number: 1, chunks: formatSnapshot(content) })
    if (!isPromise(saved)) {
      this.#isSaved = true
      return
    }
    this.#saving = saved
      .then(() => {
        this.#isSaved = true
      })
      .finally(() => {
        this.#saving = undefined
      })
    return this.#saving
  }
}
