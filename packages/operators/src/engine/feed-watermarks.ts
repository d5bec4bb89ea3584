import type { StateReader, StateWriter } from '../stage/operator-state.ts'
import type { WatermarkOptions } from './watermark.ts'

/**
 * How a feed's connection stands.
 *
 * - `away`: no event can come now. The feed is connecting, waiting to connect again, or its gate is shut.
 * - `open`: events can come.
 * - `over`: no event will come any more.
 */
export type FeedPhase = 'away' | 'open' | 'over'

/** What is known of a feed apart from its events. Changes in place. */
export interface FeedState {
  readonly name: string
  readonly phase: FeedPhase
}

/** A feed and its own watermark. */
export interface FeedMark {
  readonly feed: string
  readonly phase: FeedPhase
  /** `-Infinity` if no event has come. */
  readonly watermark: number
}

export interface FeedWatermarkOptions extends WatermarkOptions {
  /** Milliseconds that an absent feed holds the watermark at the longest. Infinity: until it is back. */
  readonly maxWait: number
}

/**
 * The watermark of several feeds: the smallest of their own watermarks, because every feed may still deliver events that are
 * as old as its own. It never falls. A feed holds the watermark down
 *
 * - while it is `away`, for `maxWait` at the longest: what it missed is still to come;
 * - while it is `open`, until it has been silent for `idle`;
 * - not at all when it is `over`.
 *
 * If no feed holds it, the watermark is the largest of the feeds' own. If one of them is open, it also goes on with the clock
 * from there, as that of a single idle feed does.
 *
 * Methods take `now` in milliseconds of a clock that never goes back.
 */
export class FeedWatermarks {
  readonly #options: FeedWatermarkOptions
  readonly #maxOutOfOrderness: number
  readonly #byName = new Map<string, Feed>()
  /** The same feeds: an array is faster to visit. */
  readonly #feeds: Feed[] = []
  /**
   * The mark of each feed by its position, or Infinity if it does not hold the watermark. If the feeds send in turn, every event
   * is one of the slowest feed, and asks for the smallest mark. V8 keeps these numbers in one piece of memory.
   */
  readonly #holding: number[] = []
  value: number = Number.NEGATIVE_INFINITY
  /** The marks of feeds that there are not yet. */
  #restored = new Map<string, number>()
  /** Stands for the largest mark while every timestamp has been too far ahead of the clock. */
  #fallback = Number.NEGATIVE_INFINITY

  constructor(options: FeedWatermarkOptions) {
    this.#options = options
    this.#maxOutOfOrderness = options.maxOutOfOrderness
  }

  marks(): readonly FeedMark[] {
    return this.#feeds.map(({ state, mark }) => ({
      feed: state.name,
      phase: state.phase,
      watermark: mark,
    }))
  }

  find(name: string): Feed | undefined {
    return this.#byName.get(name)
  }

  /** Adds a feed. Call it again with the same state if the feed's phase has changed. */
  update(state: FeedState, now: number): void {
    const feed = this.#byName.get(state.name)
    if (feed === undefined) {
      const added: Feed = {
        name: state.name,
        state,
        phase: state.phase,
        mark: this.#restored.get(state.name) ?? Number.NEGATIVE_INFINITY,
        since: now,
        holds: false,
        position: this.#feeds.length,
        next: undefined,
      }
      const last = this.#feeds.at(-1)
      if (last !== undefined) last.next = added
      added.next = this.#feeds[0]
      this.#byName.set(state.name, added)
      this.#feeds.push(added)
      this.#setHolds(added, state.phase !== 'over')
    } else if (feed.phase !== state.phase) {
      feed.phase = state.phase
      feed.since = now
      this.#setHolds(feed, state.phase !== 'over')
    }
    this.#recompute(now)
  }

  save(writer: StateWriter): void {
    writer.number(this.value)
    writer.number(this.#fallback)
    writer.value(
      new Map([...this.#restored, ...this.#feeds.map(({ state, mark }) => [state.name, mark] as const)]),
    )
  }

  /** Goes on from what `save` has written. */
  load(reader: StateReader): void {
    this.value = reader.number()
    this.#fallback = reader.number()
    this.#restored = reader.value<Map<string, number>>()
    for (const feed of this.#feeds) {
      feed.mark = this.#restored.get(feed.state.name) ?? feed.mark
      this.#setHolds(feed, feed.holds)
    }
  }

  /** An event of the feed arrived. `now` may be 0 without `idle`: then an open feed holds the watermark for good. */
  observe(feed: Feed, timestamp: number, now: number): void {
    const mark = timestamp - this.#maxOutOfOrderness
    const before = feed.mark
    if (mark <= before) return
    feed.mark = mark
    if (feed.holds) {
      this.#holding[feed.position] = mark
      // Another feed is the slowest, so the smallest mark stays as it is.
      if (before > this.value) return
    }
    this.#recompute(now)
  }

  /** As {@link observe}, with `idle` or `maxFutureDrift`. `wallClock` is the time of day, which timestamps are compared with. */
  observeByClock(feed: Feed, timestamp: number, now: number, wallClock: number): void {
    const { maxFutureDrift, idle } = this.#options
    // Without `idle` an open feed always holds.
    if (idle !== Number.POSITIVE_INFINITY && feed.phase === 'open') {
      feed.since = now
      if (!feed.holds) this.#setHolds(feed, true)
    }
    if (timestamp - wallClock > maxFutureDrift) this.#fallback = wallClock - this.#maxOutOfOrderness
    else this.observe(feed, timestamp, now)
  }

  /** When time alone may change the watermark next. Infinity if it will not. */
  nextChange(awaited: number): number {
    let next = Number.POSITIVE_INFINITY
    for (const feed of this.#feeds) {
      if (feed.holds) next = Math.min(next, this.#holdsUntil(feed))
    }
    if (next !== Number.POSITIVE_INFINITY || !this.#goesWithTheClock()) return next
    return this.#silentSince() + Math.max(this.#options.idle, awaited - this.#latestMark())
  }

  /** Time has come to what `nextChange(awaited)` told. */
  advance(awaited: number, now: number): void {
    for (const feed of this.#feeds) {
      if (feed.holds && this.#holdsUntil(feed) <= now) this.#setHolds(feed, false)
    }
    this.#recompute(now)
    if (!this.#goesWithTheClock()) return
    const reached = this.#silentSince() + Math.max(this.#options.idle, awaited - this.#latestMark()) <= now
    // A sum of floats may miss the mark that its difference was taken from.
    if (reached && awaited !== Number.POSITIVE_INFINITY) this.#raise(awaited)
  }

  #holdsUntil({ phase, since }: Feed): number {
    if (phase === 'over') return Number.NEGATIVE_INFINITY
    return since + (phase === 'away' ? this.#options.maxWait : this.#options.idle)
  }

  #setHolds(feed: Feed, holds: boolean): void {
    feed.holds = holds
    this.#holding[feed.position] = holds ? feed.mark : Number.POSITIVE_INFINITY
  }

  #recompute(now: number): void {
    const holding = this.#holding
    let smallest = Number.POSITIVE_INFINITY
    // An iterator would put each number on the heap.
    for (let i = 0; i < holding.length; i++) {
      const mark = holding[i] as number
      if (mark < smallest) smallest = mark
    }
    if (smallest !== Number.POSITIVE_INFINITY) this.#raise(smallest)
    else if (this.#feeds.length > 0) {
      this.#raise(this.#latestMark())
      if (this.#goesWithTheClock()) this.#raise(this.#latestMark() + (now - this.#silentSince()))
    }
  }

  #raise(mark: number): void {
    if (mark > this.value) this.value = mark
  }

  /** Whether nothing holds the watermark, and an open feed is silent. */
  #goesWithTheClock(): boolean {
    let isOpen = false
    for (const { phase, holds } of this.#feeds) {
      if (holds) return false
      isOpen ||= phase === 'open'
    }
    return isOpen
  }

  #silentSince(): number {
    let latest = Number.NEGATIVE_INFINITY
    for (const { phase, since } of this.#feeds) if (phase === 'open' && since > latest) latest = since
    return latest
  }

  #latestMark(): number {
    let latest = Number.NEGATIVE_INFINITY
    for (const { mark } of this.#feeds) if (mark > latest) latest = mark
    return latest === Number.NEGATIVE_INFINITY ? this.#fallback : latest
  }
}

/** A feed as the watermark keeps it. */
export interface Feed {
  readonly name: string
  readonly state: FeedState
  phase: FeedPhase
  mark: number
  /** When its phase began or, of an open feed, when its last event arrived. */
  since: number
  /** Whether the watermark may not pass `mark`. */
  holds: boolean
  /** Its place among the feeds, in the order in which they were named. */
  readonly position: number
  /** The feed that was named after it. After the last one comes the first. Undefined: there is no other. */
  next: Feed | undefined
}
