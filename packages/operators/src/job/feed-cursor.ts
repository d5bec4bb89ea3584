import { describeValue } from '@rxsse/shared'
import type { Cause } from './causes.ts'
import type { FeedPosition } from './snapshot-format.ts'

/** How far a feed is. It is also the cause of what its newest event makes. */
export class FeedCursor implements Cause {
  readonly feed: string
  isSubscribed = false
  /** Whether a stream has used it in this run. */
  isUsed = false
  results = 0
  #lastEventId: string | undefined
  /** The ID of the event that is being delivered, or was last. */
  #current = ''
  /** Whether the event that is being delivered has an ID of its own. */
  #isNew = false
  #isClean = true

  constructor(feed: string) {
    this.feed = feed
  }

  /** What the results of an event are named after. Events without an ID of their own share that of the event before. */
  get name(): string {
    return `${this.feed}|${this.#current}`
  }

  /** The cause of what operators make of the end of the feed. No event's cause begins with `~`. */
  get end(): Cause {
    return { name: `~end|${this.feed}|${this.#lastEventId ?? ''}`, results: 0 }
  }

  get lastEventId(): string | undefined {
    return this.#lastEventId
  }

  /** Whether the source goes on after `lastEventId` with the next event, and with none that has been delivered. */
  get isClean(): boolean {
    return this.#isClean
  }

  /** The error if the feed has ended and is not clean, while results wait for a snapshot. */
  get endError(): Error {
    return new Error(
      `createJob: the feed "${this.feed}" has ended with an event without an ID of its own, so no snapshot can be taken after it. Its source must send an ID with its last event`,
    )
  }

  /** Undefined before the first ID. */
  get position(): FeedPosition | undefined {
    const { feed, results } = this
    return this.#lastEventId === undefined ? undefined : { feed, lastEventId: this.#lastEventId, results }
  }

  restore({ lastEventId, results }: FeedPosition): void {
    this.#lastEventId = this.#current = lastEventId
    this.results = results
  }

  /** The event will be delivered. Throws if it has no ID. */
  begin(event: unknown): void {
    const id = (event as { readonly lastEventId?: unknown } | null | undefined)?.lastEventId
    if (typeof id !== 'string') throw createEventError(this.feed, event)
    this.#isNew = id !== this.#lastEventId && id !== ''
    if (this.#isNew) {
      this.#current = id
      this.results = 0
    } else this.#isClean = false
  }

  /** It has been delivered. */
  finish(): void {
    if (!this.#isNew) return
    this.#isNew = false
    this.#lastEventId = this.#current
    this.#isClean = true
  }

  /** The source has set an ID. Everything that came before has been delivered. Returns whether it is a new one. */
  onId(id: string): boolean {
    if (id === this.#lastEventId) return false
    if (id === '') this.#isClean = false
    else {
      this.#lastEventId = this.#current = id
      this.results = 0
      this.#isClean = true
    }
    return true
  }
}

/** How far the feeds of a job are. */
export class FeedCursors {
  readonly #cursors = new Map<string, FeedCursor>()

  get size(): number {
    return this.#cursors.size
  }

  /** Feeds of the snapshot that no stream has used. */
  get unclaimed(): readonly string[] {
    return [...this.#cursors.values()].flatMap(({ feed, isUsed }) => (isUsed ? [] : [feed]))
  }

  get positions(): readonly FeedPosition[] {
    return [...this.#cursors.values()].flatMap(({ position }) => position ?? [])
  }

  /** A feed whose last events have no ID of their own, so that they would come again. */
  get unclean(): FeedCursor | undefined {
    for (const cursor of this.#cursors.values()) if (!cursor.isClean) return cursor
    return undefined
  }

  /** The cursor of a feed. It outlives a subscription. */
  find(feed: string): FeedCursor {
    let cursor = this.#cursors.get(feed)
    if (cursor === undefined) {
      cursor = new FeedCursor(feed)
      this.#cursors.set(feed, cursor)
    }
    return cursor
  }
}

function createEventError(feed: string, event: unknown): TypeError {
  return new TypeError(
    `job.feed: the source of "${feed}" must emit events with a lastEventId, not ${describeValue(event)}. Put operators below job.feed(), not into its function`,
  )
}
