import { optionError, type ShardName, type Snapshot, type SnapshotStore } from '@rxsse/shared'
import { BehaviorSubject, Observable, type ObservableInput } from 'rxjs'
import type { Clock } from '../stage/clock.ts'
import type { JobPipeline } from './job-pipeline.ts'
import { IDLE, type JobStatus, type SavedSnapshot, type ShardStatus } from './job-status.ts'
import { createShard, type Shard } from './shard.ts'
import { ShardAssignment } from './shard-assignment.ts'
import { ShardCount } from './shard-count.ts'
import { combineStatuses } from './shard-status.ts'
import { StorePatience } from './store-patience.ts'

export interface ShardSetOptions {
  readonly store: SnapshotStore
  readonly clock: Clock
  /** Builds the job of one shard, which has the right to run while it is subscribed. */
  readonly build: (store: SnapshotStore, shard: ShardName) => JobPipeline
}

interface Member {
  readonly shard: Shard
  readonly store: SnapshotStore
  status: ShardStatus
}

/** The shards of a job. */
export class ShardSet {
  readonly count: number
  readonly status: BehaviorSubject<JobStatus> = new BehaviorSubject(IDLE)
  readonly #options: ShardSetOptions
  readonly #saved: ShardCount
  readonly #members: readonly Member[]
  #phase: 'idle' | 'standing-by' | 'failed' = 'idle'
  #error: unknown
  #waitingFor: string | undefined
  readonly #patience: StorePatience
  /** Of the last subscription. */
  #run: object | undefined

  constructor(count: number, options: ShardSetOptions) {
    this.count = count
    this.#options = options
    this.#saved = new ShardCount(count, options)
    this.#patience = new StorePatience(options.clock, (waitingFor) => this.#wait(waitingFor))
    this.#members = Array.from({ length: count }, (_, index) => this.#open({ index, count }))
    for (const member of this.#members) {
      member.shard.status.subscribe((status) => {
        member.status = { ...status, index: member.status.index }
        this.#report()
      })
    }
  }

  run<R>(pipeline: (shard: Shard) => ObservableInput<R>): Observable<R> {
    return new Observable<R>((out) => {
      if (this.#phase === 'standing-by')
        throw new Error('job.shards: the shards are subscribed already. Use share()')
      const run = {}
      this.#run = run
      this.#setPhase('standing-by')
      const { clock } = this.#options
      let checked: Promise<void> | undefined
      let left = this.count
      const config = {
        clock,
        pipeline,
        check: () => {
          checked ??= this.#check()
          return checked
        },
        onComplete: () => {
          if (--left === 0) out.complete()
        },
        onError: (error: unknown) => {
          this.#setPhase('failed', error)
          out.error(error)
        },
      }
      const assignments = this.#members.map(
        ({ shard, store: own }) => new ShardAssignment(out, { ...config, shard, store: own }),
      )
      out.add(() => {
        for (const assignment of assignments) assignment.stop()
        this.#patience.end()
        this.#waitingFor = undefined
        // Whoever hears of an error may have subscribed again already.
        if (this.#run === run && this.#phase === 'standing-by') this.#setPhase('idle')
      })
      for (const assignment of assignments) if (!out.closed) assignment.start()
    })
  }

  /** Saves the shards that are here. One that leaves meanwhile is saved by then, or another process has it. */
  async snapshot(): Promise<SavedSnapshot> {
    const saved = await Promise.all(this.#here.map((member) => this.#save(member)))
    const known = saved.flatMap((each) => each ?? [])
    return {
      number: Math.max(0, ...known.map(({ number }) => number)),
      bytes: known.reduce((sum, { bytes }) => sum + bytes, 0),
      time: Math.min(this.#options.clock.timeOfDay(), ...known.map(({ time }) => time)),
    }
  }

  async #check(): Promise<void> {
    await this.#patience.wait('loading the number of shards', this.#saved.check())
    this.#wait(undefined)
  }

  #wait(waitingFor: string | undefined): void {
    if (waitingFor === this.#waitingFor) return
    this.#waitingFor = waitingFor
    this.#report()
  }

  get #here(): readonly Member[] {
    return this.#members.filter(({ status }) => status.phase !== 'idle')
  }

  async #save(member: Member): Promise<SavedSnapshot | undefined> {
    const { shard } = member
    try {
      return await shard.snapshot()
    } catch (error) {
      if (member.status.phase === 'idle') return undefined
      throw error
    }
  }

  #open(name: ShardName): Member {
    const store = openStore(this.#options.store, name)
    // The assignment has the lease. So the job of a shard runs whenever it is subscribed.
    const own = { load: () => store.load(), save: (each: Snapshot) => this.#saved.save(store, each) }
    const pipeline = this.#options.build(own, name)
    return {
      shard: createShard(pipeline, name),
      store,
      status: { ...IDLE, index: name.index },
    }
  }

  #setPhase(phase: 'idle' | 'standing-by' | 'failed', error?: unknown): void {
    this.#phase = phase
    this.#error = error
    this.#report()
  }

  #report(): void {
    const shards = this.#here.map(({ status }) => status)
    const status = combineStatuses(this.#phase, this.#error, shards)
    this.status.next({ ...status, waitingFor: this.#waitingFor ?? status.waitingFor })
  }
}

export function checkShardCount(count: number): void {
  if (Number.isInteger(count) && count >= 1 && count <= MAX_SHARDS) return
  throw optionError('job.shards: count', `a whole number from 1 to ${MAX_SHARDS}`, count)
}

/** Each shard reads its source by itself, and has a lease of its own. */
const MAX_SHARDS = 1024

function openStore(store: SnapshotStore, { index, count }: ShardName): SnapshotStore {
  if (typeof store.shard === 'function') return store.shard(index, count)
  throw optionError('createJob: store', 'a store with shard(), such as redisStore, for job.shards', store)
}
