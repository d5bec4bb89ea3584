import {
  formatShardPrefix,
  type Lease,
  type ShardName,
  type Snapshot,
  type SnapshotStore,
} from '@rxsse/shared'
import type { Clock } from '../stage/clock.ts'
import { Causes, createRunName } from './causes.ts'
import { type FeedCursor, FeedCursors } from './feed-cursor.ts'
import { JobGate } from './job-gate.ts'
import { JobParts } from './job-parts.ts'
import { IDLE, type JobStatus, type SavedSnapshot } from './job-status.ts'
import { checkShards } from './mismatch.ts'
import { countBytes, parseSnapshot } from './snapshot-format.ts'
import { Snapshotter, type SnapshotterChange } from './snapshotter.ts'
import { StorePatience } from './store-patience.ts'

/** A subscribed feed. */
export interface RunFeed {
  /** The states are restored: connects. */
  open(): void
  /** Delivers the events that came while the run held them. */
  release(): void
  fail(error: unknown): void
}

export interface RunOptions {
  readonly store: SnapshotStore
  /** Which shard of its job this is. Undefined if the job is not split. */
  readonly shard?: ShardName
  /** Milliseconds. */
  readonly every: number
  readonly onMismatch: 'error' | 'discard'
  readonly clock: Clock
  readonly bytesPerTurn: number
  readonly report: (status: JobStatus) => void
}

/** One run of a job: from the first subscription to one of its parts until all of them have ended. */
export class JobRun {
  readonly causes: Causes
  readonly gate: JobGate = new JobGate()
  readonly parts: JobParts
  readonly cursors: FeedCursors = new FeedCursors()
  readonly #options: RunOptions
  readonly #feeds = new Set<RunFeed>()
  readonly #snapshotter: Snapshotter
  readonly #patience: StorePatience
  #phase: 'starting' | 'running' | 'ended' = 'starting'
  #status: JobStatus = { ...IDLE, phase: 'restoring' }
  #isHolding = false
  #stopWatching = (): void => {}
  #lease: Lease | undefined
  #stopWaiting = (): void => {}
  #lost: string | undefined
  #events = 0
  #savedEvents = 0
  #capturedEvents = 0

  constructor(options: RunOptions) {
    const { shard } = options
    this.#options = options
    this.causes = new Causes(createRunName(), shard === undefined ? '' : formatShardPrefix(shard))
    this.parts = new JobParts(options.onMismatch)
    this.#patience = new StorePatience(options.clock, (waitingFor) => this.#report({ waitingFor }))
    this.#snapshotter = new Snapshotter(options, {
      prepareCut: () => this.#prepareCut(),
      capture: () => {
        this.#capturedEvents = this.#events
        return { feeds: this.cursors.positions, parts: this.parts.capture() }
      },
      afterCut: () => this.#release(),
      activity: () => this.#events + this.parts.activity,
      isWaiting: () => this.parts.isWaiting,
      onChange: (change) => this.#onChange(change),
      onSaved: (saved) => this.#onSaved(saved),
      fail: (error) => this.fail(error),
    })
  }

  /** Whether feeds have to hold their events. */
  get isHolding(): boolean {
    return this.#isHolding
  }

  get hasEnded(): boolean {
    return this.#phase === 'ended'
  }

  get status(): JobStatus {
    return {
      ...this.#status,
      discarded: this.parts.discarded,
      unclaimed: [...this.cursors.unclaimed, ...this.parts.unclaimed],
      delivery: this.mustWait ? 'when-saved' : 'at-once',
      unsaved: this.#events - this.#savedEvents,
      pending: this.parts.pending,
    }
  }

  /** Whether results may differ if they are made again. Then they wait for a snapshot. */
  get mustWait(): boolean {
    return this.parts.usesClock || this.#mixesFeeds
  }

  /** Whether the order in which the events of several feeds meet may count. */
  get #mixesFeeds(): boolean {
    return this.cursors.size > 1 && this.parts.hasStages
  }

  /** Loads the last snapshot when `previous` is settled. What is subscribed by then is restored before its first event. */
  async start(previous: Promise<unknown>): Promise<void> {
    try {
      await this.#patience.wait('still saving a snapshot of the run before', previous)
      await this.#acquire()
      if (this.hasEnded) return
      this.#report({ phase: 'restoring', waitingFor: undefined })
      const load = this.#options.store.load()
      const snapshot = await this.#patience.wait('loading the last snapshot', load)
      if (this.hasEnded) return
      if (snapshot) this.#restore(snapshot)
      else this.parts.restore([])
      this.#begin(snapshot?.number ?? 0)
    } catch (error) {
      this.fail(error)
    }
  }

  /** Ends the run. Resolves when it writes nothing any more. */
  async end(): Promise<void> {
    const lease = this.#lease
    this.#lease = undefined
    this.#stop(new Error('createJob: every stream of the job has ended'))
    if (this.#status.phase !== 'failed') this.#report({ ...IDLE, saved: this.#status.saved })
    await this.#snapshotter.settled
    await lease?.release()
  }

  /** Errors all streams. */
  fail(error: unknown): void {
    if (this.hasEnded) return
    this.#stop(error)
    this.#report({ phase: 'failed', error, waitingFor: undefined })
    for (const each of [...this.#feeds, ...this.parts.outboxes, ...this.parts.stages]) each.fail(error)
  }

  /** Resolves with a snapshot of now or later, when it is saved. */
  snapshot(): Promise<SavedSnapshot> {
    return this.#snapshotter.request()
  }

  addFeed(feed: RunFeed): void {
    this.#feeds.add(feed)
    if (this.#phase === 'running') feed.open()
  }

  deleteFeed(feed: RunFeed): void {
    this.#feeds.delete(feed)
    this.retrySnapshot()
  }

  /** What a snapshot has waited for may be over. */
  retrySnapshot(): void {
    this.#snapshotter.retry()
  }

  /** A feed has delivered an event, or has moved on without one. */
  onProgress(): void {
    this.#events++
    if (!this.#snapshotter.isDue) return
    if (this.cursors.unclean === undefined) {
      this.#hold()
      this.#snapshotter.retry()
    } else this.#letThrough()
  }

  /** A feed ends. With several feeds, how far the others are matters, so another run may make something else of the same end. */
  onEnd(cursor: FeedCursor, work: () => void): void {
    this.causes.run(this.#mixesFeeds ? this.causes.unrepeatable : cursor.end, work)
  }

  /**
   * What a part held is gone, because its stream has ended early. A snapshot without it would lose it, so there are no
   * more. If other streams of the job are still there after this turn, they error.
   */
  onLost(part: string): void {
    this.#lost ??= part
    void Promise.resolve().then(() =>
      this.fail(
        new Error(
          `createJob: the stream with ${part} has ended, and the job cannot go on without it. Start and end all streams of a job together`,
        ),
      ),
    )
  }

  /** A result waits for a snapshot. */
  onWaiting(): void {
    if (this.#phase !== 'running') return
    this.#snapshotter.hasten()
    if (this.#snapshotter.isDue) this.#letThrough()
  }

  async #acquire(): Promise<void> {
    const request = this.#options.store.acquire?.()
    if (request === undefined) return
    this.#report({ phase: 'standing-by' })
    this.#stopWaiting = () => request.cancel()
    const lease = await request.granted
    this.#stopWaiting = () => {}
    if (this.hasEnded) return await lease.release()
    this.#lease = lease
    lease.onLost((reason) => this.fail(reason))
  }

  #restore(snapshot: Snapshot): void {
    const { shards, feeds, parts, time } = parseSnapshot(snapshot)
    checkShards(shards, this.#options.shard?.count)
    const { number, chunks, damaged = [] } = snapshot
    const saved = { number, bytes: countBytes(chunks), time }
    this.#status = { ...this.#status, restoredFrom: number, damaged, saved }
    for (const position of feeds) this.cursors.find(position.feed).restore(position)
    this.parts.restore(parts)
  }

  #begin(number: number): void {
    this.#phase = 'running'
    this.#snapshotter.start(number)
    this.#report({ phase: 'running', waitingFor: undefined })
    for (const outbox of this.parts.outboxes) outbox.release()
    for (const feed of [...this.#feeds]) feed.open()
  }

  #prepareCut(): string | undefined {
    if (this.#lost !== undefined) return `${this.#lost}, whose stream has ended`
    const unclean = this.cursors.unclean
    this.#letThrough()
    if (unclean !== undefined) {
      if (this.#isOver) this.fail(unclean.endError)
      else this.#release()
      return `an event of the feed "${unclean.feed}" with an ID of its own`
    }
    const { busy } = this.parts
    if (busy === undefined) return undefined
    this.#hold()
    return `the stage "${busy.name}", which handles ${busy.running.buffered} events`
  }

  /** Results wait for an ID that has to come through the gate, which must not be shut because of them. */
  #letThrough(): void {
    this.gate.overrule(this.parts.isWaiting && this.cursors.unclean !== undefined)
  }

  /** Whether results wait, and no event will come any more. */
  get #isOver(): boolean {
    const { outboxes, isWaiting } = this.parts
    return isWaiting && this.#feeds.size === 0 && outboxes.every(({ isCompleting }) => isCompleting)
  }

  #hold(): void {
    if (this.#isHolding) return
    this.#isHolding = true
    this.#stopWatching = this.parts.watchDrained(() => {
      if (this.parts.busy === undefined) this.retrySnapshot()
    })
    this.gate.set(this, true)
  }

  #release(): void {
    if (!this.#isHolding) return
    this.#isHolding = false
    this.#stopWatching()
    for (const feed of [...this.#feeds]) feed.release()
    this.gate.set(this, false)
  }

  #onChange({ isBusy, ...change }: SnapshotterChange): void {
    if (this.hasEnded) return
    if (isBusy === undefined) this.#report(change)
    else this.#report({ phase: isBusy ? 'snapshotting' : 'running', ...change })
  }

  #onSaved(saved: SavedSnapshot): void {
    this.#savedEvents = this.#capturedEvents
    this.#report({ saved })
    for (const outbox of this.parts.outboxes) outbox.release()
  }

  #report(change: Partial<JobStatus>): void {
    this.#status = { ...this.#status, ...change }
    this.#options.report(this.status)
  }

  #stop(error: unknown): void {
    if (this.hasEnded) return
    this.#phase = 'ended'
    this.#patience.end()
    this.#stopWaiting()
    this.#stopWatching()
    this.#snapshotter.stop(error)
  }
}
