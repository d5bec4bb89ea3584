import { type Duration, optionError, parseDuration } from '@rxsse/shared'
import type { NextObserver } from 'rxjs'
import { type FeedPhase, type FeedState, FeedWatermarks } from '../engine/feed-watermarks.ts'
import type { WatermarkOptions } from '../engine/watermark.ts'

/** What a feed needs to know of a connection's state. The `ConnectionState` of `@rxsse/core` fits. */
export interface FeedConnectionState {
  readonly status: 'connecting' | 'open' | 'waiting' | 'closed'
}

/** What a feed needs to know of a gate. The `FlowGate` of `@rxsse/core` fits. */
export interface FeedGate {
  readonly shut: boolean
  readonly changes: { subscribe(next: (shut: boolean) => void): { unsubscribe(): void } }
}

export interface FeedOptions<G extends FeedGate> {
  /** The gate that holds the feed's connection back, if there is one. While it is shut the feed is away, not silent. */
  readonly gate?: G
  /** An observer of your own that also gets each state. */
  readonly state?: NextObserver<never>
  /** An observer of your own that also gets each last event ID. */
  readonly cursor?: NextObserver<string>
}

/** A fragment of the options of `fromEventSource`: `fromEventSource(url, { ...progress.feed('ams') })`. */
export interface FeedFragment<G extends FeedGate = FeedGate> {
  readonly state: NextObserver<FeedConnectionState>
  readonly cursor: NextObserver<string>
  readonly gate?: G
}

/** One feed, as it is now. */
export interface FeedStatus extends FeedState {
  /** The last event ID that the feed's stream has set. `''` if it has set none. */
  readonly lastEventId: string
}

export interface ProgressOptions {
  /** How long a feed that is away holds the watermark at the longest. Default: as long as it is away. */
  readonly maxWait?: Duration
}

/** What an operator in event time knows of feeds: the option `progress`. A job is one too. */
export interface FeedWatch {
  /** Milliseconds. Infinity: as long as a feed is away. */
  readonly maxWait: number
  /** Calls back with each feed now, and then with each feed that changes its phase. Returns how to stop that. */
  watch(listener: (feed: FeedState) => void): () => void
  /**
   * Creates the watermark of an operator. Made here, so that a bundle without feeds does not contain it.
   *
   * @internal
   */
  createWatermark(options: WatermarkOptions): FeedWatermarks
}

/** What several feeds have in common: whether each can deliver events now. */
export interface Progress extends FeedWatch {
  /** The feeds in the order they were named. */
  readonly feeds: readonly FeedStatus[]
  /**
   * Names a feed and gives the options for its connection. The feed is away until its connection is open. Call it again for each
   * new subscription of the same feed; the newest one counts.
   */
  feed<G extends FeedGate = FeedGate>(name: string, options?: FeedOptions<G>): FeedFragment<G>
}

/**
 * Progress of event time over several feeds. Without it an operator sees one stream: if one of two merged feeds loses its
 * connection, the other one moves the watermark on, and what the first one replays is late.
 *
 * ```ts
 * const progress = createProgress()
 * const feeds = merge(
 *   fromEventSource(ams, { ...progress.feed('ams') }).pipe(decode(Reading), data()),
 *   fromEventSource(par, { ...progress.feed('par') }).pipe(decode(Reading), data()),
 * )
 * feeds.pipe(windowAggregate(tumbling('1m'), { progress, feed: (r) => r.city, timestamp: (r) => r.time, ... }))
 * ```
 *
 * A feed that is connecting, waiting to connect again or held by its gate is away. It holds the watermark, for `maxWait` at the
 * longest. A feed that is open holds the watermark until it has been silent for the operator's `idle`. A feed whose stream is
 * over holds nothing.
 *
 * The idea is the per-partition watermark of Apache Flink ("Watermark Strategies and the Kafka Connector"), which
 * cannot tell a silent partition from one that is away.
 */
export function createProgress({ maxWait }: ProgressOptions = {}): Progress {
  const wait =
    maxWait === undefined ? Number.POSITIVE_INFINITY : parseDuration(maxWait, 'createProgress: maxWait')
  const feeds = new Map<string, Feed>()
  const listeners = new Set<(feed: FeedState) => void>()

  function setPhase(feed: Feed, phase: FeedPhase): void {
    if (feed.phase === phase) return
    feed.phase = phase
    for (const listener of listeners) listener(feed)
  }

  function nameFeed(name: string): Feed {
    const known = feeds.get(name)
    if (known !== undefined) return known
    const feed: Feed = { name, phase: 'away', lastEventId: '', connection: undefined }
    feeds.set(name, feed)
    for (const listener of listeners) listener(feed)
    return feed
  }

  return {
    maxWait: wait,
    get feeds() {
      return [...feeds.values()].map(({ name, phase, lastEventId }) => ({ name, phase, lastEventId }))
    },
    feed<G extends FeedGate>(name: string, { gate, state, cursor }: FeedOptions<G> = {}): FeedFragment<G> {
      if (typeof name !== 'string' || name === '') throw optionError('progress.feed: name', 'a string', name)
      const feed = nameFeed(name)
      const connection = {}
      feed.connection = connection
      // An earlier connection may be over. This one is not open yet.
      setPhase(feed, 'away')
      let gateChanges: { unsubscribe(): void } | undefined

      const follow = ({ status }: FeedConnectionState): void => {
        gateChanges?.unsubscribe()
        gateChanges = undefined
        if (feed.connection !== connection) return
        if (status === 'closed') setPhase(feed, 'over')
        else if (status !== 'open') setPhase(feed, 'away')
        else {
          gateChanges = gate?.changes.subscribe((shut) => {
            if (feed.connection === connection) setPhase(feed, shut ? 'away' : 'open')
          })
          setPhase(feed, gate?.shut ? 'away' : 'open')
        }
      }
      return {
        state: {
          next(value) {
            follow(value)
            state?.next(value as never)
          },
        },
        cursor: {
          next(id) {
            if (feed.connection === connection) feed.lastEventId = id
            cursor?.next(id)
          },
        },
        ...(gate === undefined ? {} : { gate }),
      }
    },
    watch(listener) {
      for (const feed of feeds.values()) listener(feed)
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    createWatermark: (options) => new FeedWatermarks({ ...options, maxWait: wait }),
  }
}

interface Feed {
  readonly name: string
  phase: FeedPhase
  lastEventId: string
  /** The newest fragment's identity: states of an older connection of the same name no longer count. */
  connection: object | undefined
}
