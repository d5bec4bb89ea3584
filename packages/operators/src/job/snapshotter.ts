import { isPromise, type ShardName, type SnapshotStore, SnapshotStoreError } from '@rxsse/shared'
import type { Clock } from '../stage/clock.ts'
import { Timer } from '../stage/timer.ts'
import type { SavedSnapshot } from './job-status.ts'
import { countBytes, type FeedPosition, formatSnapshot } from './snapshot-format.ts'
import { type CopiedPart, StateCopy } from './state-copy.ts'
import { StorePatience } from './store-patience.ts'

/** What snapshots are taken of. */
export interface SnapshotSubject {
  /** Prepares a cut. Returns what it has to wait for. Then `retry` is called when that may be over. */
  prepareCut(): string | undefined
  /** What a snapshot contains, as of now. */
  capture(): { readonly feeds: readonly FeedPosition[]; readonly parts: readonly CopiedPart[] }
  /** The cut is made: events may come again. */
  afterCut(): void
  /** A number that changes with everything that a snapshot contains. */
  activity(): number
  /** Whether results wait for a snapshot. */
  isWaiting(): boolean
  onChange(change: SnapshotterChange): void
  /** The snapshot that was captured last is saved. */
  onSaved(snapshot: SavedSnapshot): void
  /** A state cannot be written. */
  fail(error: unknown): void
}

export interface SnapshotterChange {
  readonly isBusy?: boolean
  readonly waitingFor?: string | undefined
  readonly saveError?: unknown
}

interface SnapshotterOptions {
  readonly store: SnapshotStore
  /** Which shard of its job is saved. Undefined if the job is not split. */
  readonly shard?: ShardName
  /** Milliseconds. */
  readonly every: number
  readonly clock: Clock
  /** How much is copied in a turn of the event loop. */
  readonly bytesPerTurn: number
}

interface Request {
  resolve(snapshot: SavedSnapshot): void
  reject(error: unknown): void
}

/** Takes snapshots, one at a time: every few seconds, sooner if results wait for one, and on request. */
export class Snapshotter {
  readonly #store: SnapshotStore
  readonly #shards: number | undefined
  readonly #every: number
  readonly #clock: Clock
  readonly #bytesPerTurn: number
  readonly #subject: SnapshotSubject
  readonly #timer: Timer
  /** Runs what is left of a copy, or tries a cut again, in a turn of its own. */
  readonly #turn: Timer
  readonly #patience: StorePatience
  /** Before it has started, there is nothing that a snapshot could be taken of: the last one is not restored yet. */
  #phase: 'unstarted' | 'idle' | 'due' | 'copying' | 'saving' | 'stopped' = 'unstarted'
  #number = 0
  #copy: StateCopy | undefined
  /** What the copy has to be saved with. */
  #feeds: readonly FeedPosition[] = []
  #cutAt = 0
  #cutTime = 0
  #cutActivity = 0
  #savedActivity = 0
  /** How long the last snapshot took. */
  #cost = 0
  #endedAt = 0
  #requests: Request[] = []
  /** The requests that the current snapshot answers. */
  #answered: Request[] = []
  #saving: Promise<unknown> | undefined
  #stopReason: unknown

  constructor({ store, shard, every, clock, bytesPerTurn }: SnapshotterOptions, subject: SnapshotSubject) {
    this.#store = store
    this.#shards = shard?.count
    this.#every = every
    this.#clock = clock
    this.#bytesPerTurn = bytesPerTurn
    this.#subject = subject
    this.#timer = new Timer(clock, () => this.#begin())
    this.#patience = new StorePatience(clock, (waitingFor) => subject.onChange({ waitingFor }))
    this.#turn = new Timer(clock, () => (this.#phase === 'copying' ? this.#continue() : this.#tryCut()))
  }

  /** Whether a snapshot is due that could not be taken yet. */
  get isDue(): boolean {
    return this.#phase === 'due'
  }

  /** Resolves when no save is under way. */
  get settled(): Promise<unknown> {
    return this.#saving ?? Promise.resolve()
  }

  /** Starts. `number` is that of the snapshot that was restored. */
  start(number: number): void {
    this.#phase = 'idle'
    this.#number = number
    this.#cutAt = this.#endedAt = this.#clock.now()
    this.#savedActivity = this.#subject.activity()
    this.#schedule()
  }

  stop(error: unknown): void {
    this.#phase = 'stopped'
    this.#stopReason = error
    this.#timer.clear()
    this.#turn.clear()
    this.#patience.end()
    this.#copy?.abandon()
    for (const { reject } of [...this.#requests, ...this.#answered]) reject(error)
  }

  /** A snapshot of now or later. One that is requested before the start is taken then. */
  request(): Promise<SavedSnapshot> {
    if (this.#phase === 'stopped') return Promise.reject(this.#stopReason)
    return new Promise((resolve, reject) => {
      this.#requests.push({ resolve, reject })
      if (this.#phase === 'idle') this.#timer.set(this.#clock.now())
    })
  }

  /** Results wait for a snapshot. Snapshots take at most a tenth of the time, so that one may have to wait a little. */
  hasten(): void {
    if (this.#phase === 'idle') this.#schedule()
  }

  /** What `prepareCut` has told may be over. Tries again in a turn of its own, when nothing is at work. */
  retry(): void {
    if (this.#phase === 'due') this.#turn.set(this.#clock.now())
  }

  #schedule(): void {
    const usual = this.#cutAt + this.#every
    const soon = this.#endedAt + 9 * this.#cost
    const isUrgent = this.#requests.length > 0
    const at = isUrgent ? this.#clock.now() : this.#subject.isWaiting() ? Math.min(usual, soon) : usual
    this.#timer.set(Math.max(at, this.#clock.now()))
  }

  #begin(): void {
    const isIdle = this.#subject.activity() === this.#savedActivity && !this.#subject.isWaiting()
    if (isIdle && this.#requests.length === 0) {
      this.#timer.set(this.#clock.now() + this.#every)
      return
    }
    this.#phase = 'due'
    this.#tryCut()
  }

  #tryCut(): void {
    if (this.#phase !== 'due') return
    const waitingFor = this.#subject.prepareCut()
    this.#subject.onChange({ waitingFor })
    if (waitingFor === undefined) this.#cut()
  }

  #cut(): void {
    this.#phase = 'copying'
    this.#answered = this.#requests
    this.#requests = []
    this.#cutAt = this.#clock.now()
    this.#cutTime = this.#clock.timeOfDay()
    this.#cutActivity = this.#subject.activity()
    this.#subject.onChange({ isBusy: true })
    try {
      const { feeds, parts } = this.#subject.capture()
      this.#feeds = feeds
      this.#copy = new StateCopy(parts)
    } catch (error) {
      this.#subject.fail(error)
      return
    }
    this.#continue()
    this.#subject.afterCut()
  }

  #continue(): void {
    const copy = this.#copy as StateCopy
    let isDone: boolean
    try {
      isDone = copy.advance(this.#bytesPerTurn)
    } catch (error) {
      this.#subject.fail(error)
      return
    }
    if (isDone) this.#save(copy)
    else this.#turn.set(this.#clock.now())
  }

  #save(copy: StateCopy): void {
    this.#phase = 'saving'
    this.#copy = undefined
    const content = { shards: this.#shards, time: this.#cutTime, feeds: this.#feeds, parts: copy.finish() }
    const chunks = formatSnapshot(content)
    const saved = { number: ++this.#number, bytes: countBytes(chunks), time: this.#cutTime }
    try {
      const result = this.#store.save({ number: saved.number, chunks })
      if (!isPromise(result)) {
        this.#onSaved(saved)
        return
      }
      this.#patience.begin(`saving snapshot ${saved.number}`)
      // One answer, also of a thenable that settles twice.
      this.#saving = Promise.resolve(result).then(
        () => this.#onSaved(saved),
        (error) => this.#onFailed(error),
      )
    } catch (error) {
      this.#onFailed(error)
    }
  }

  #onSaved(saved: SavedSnapshot): void {
    if (this.#phase === 'stopped') return
    this.#savedActivity = this.#cutActivity
    this.#end()
    this.#subject.onChange({ isBusy: false, waitingFor: undefined, saveError: undefined })
    this.#subject.onSaved(saved)
    for (const { resolve } of this.#answered.splice(0)) resolve(saved)
    // The results that were released may have changed everything.
    if (this.#phase === 'idle') this.#schedule()
  }

  #onFailed(error: unknown): void {
    if (this.#phase === 'stopped') return
    // Another process runs the job now. This one must not deliver any more.
    if (error instanceof SnapshotStoreError) {
      this.#subject.fail(error)
      return
    }
    this.#end()
    this.#subject.onChange({ isBusy: false, waitingFor: undefined, saveError: error })
    for (const { reject } of this.#answered.splice(0)) reject(error)
    this.#timer.set(this.#clock.now() + this.#every)
  }

  #end(): void {
    this.#phase = 'idle'
    this.#patience.end()
    this.#endedAt = this.#clock.now()
    this.#cost = this.#endedAt - this.#cutAt
    this.#saving = undefined
  }
}
