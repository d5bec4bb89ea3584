import { optionError } from '@rxsse/shared'
import type { Feed } from '../engine/feed-watermarks.ts'
import { Watermark } from '../engine/watermark.ts'
import type { OperatorContext } from '../stage/operate.ts'
import type { StateReader, StateWriter } from '../stage/operator-state.ts'
import type { EventTime } from './event-time.ts'

/** What follows the watermark: the state of an operator in event time. */
export interface WatermarkFollower {
  /** The watermark has risen, or may have. */
  advance(): void
  /** The watermark at which there is something to do next. Infinity: none. */
  next(): number
}

/**
 * Moves an operator's watermark: with events, in silence with the clock, and with the phases of feeds. With each event the
 * operator calls `observe`, then follows the watermark, then calls `setTimer`. This path is hot, so it has no callbacks.
 */
export interface WatermarkSource<T> {
  readonly watermark: { readonly value: number }
  /** Reads the feed of an event, before `observe`. Throws what the `feed` callback throws. */
  readonly readFeed: ((event: T) => void) | undefined
  /** An event with this finite timestamp has arrived. */
  observe(timestamp: number): void
  /** Sets the timer for the time at which the clock alone moves the watermark. Undefined: it does not. */
  readonly setTimer: (() => void) | undefined
  save(writer: StateWriter): void
  /** Reads what `save` has written. Then restore what follows the watermark, and call `setTimer`. */
  load(reader: StateReader): void
}

/** Creates the source of an operator's watermark. It ends with the subscription. */
export function createWatermarkSource<T>(
  context: OperatorContext<never>,
  time: EventTime<T>,
  follower: WatermarkFollower,
): WatermarkSource<T> {
  return time.feeds === undefined
    ? createSingleSource(context, time, follower)
    : createFeedSource(context, time, time.feeds, follower)
}

function createSingleSource<T>(
  { counts, createTimer }: OperatorContext<never>,
  time: EventTime<T>,
  follower: WatermarkFollower,
): WatermarkSource<T> {
  const { clock } = time
  const watermark = new Watermark(time)
  counts.watermark = () => watermark.value
  counts.clock = clock
  /** The watermark that the timer waits for. */
  let awaited = Number.POSITIVE_INFINITY
  const timer = createTimer(clock, (now) => {
    watermark.advance(awaited, now)
    follower.advance()
    setTimer()
  })

  function setTimer(): void {
    awaited = follower.next()
    timer.set(watermark.reaches(awaited))
  }

  return {
    watermark,
    readFeed: undefined,
    observe(timestamp) {
      watermark.observe(timestamp, clock)
    },
    setTimer: time.idle === Number.POSITIVE_INFINITY ? undefined : setTimer,
    save: (writer) => watermark.save(writer),
    load(reader) {
      watermark.load(reader, clock.now())
      goOnFrom(watermark.value, time)
    },
  }
}

function createFeedSource<T>(
  { out, counts, createTimer, enter }: OperatorContext<never>,
  time: EventTime<T>,
  { progress, selectFeed, option }: NonNullable<EventTime<T>['feeds']>,
  follower: WatermarkFollower,
): WatermarkSource<T> {
  const { clock } = time
  const watermark = progress.createWatermark(time)
  const isBounded = time.maxFutureDrift !== Number.POSITIVE_INFINITY
  const mayBeIdle = time.idle !== Number.POSITIVE_INFINITY
  /** The feed of the newest event. */
  let feed: Feed | undefined
  let isStarted = false
  counts.watermark = () => watermark.value
  counts.feeds = () => watermark.marks()
  counts.clock = clock
  const timer = createTimer(clock, (now) => {
    watermark.advance(follower.next(), now)
    advance()
  })
  // The feeds that there are now come while the follower is not ready.
  const stop = progress.watch((state) => {
    if (!isStarted) watermark.update(state, clock.now())
    else
      enter(() => {
        watermark.update(state, clock.now())
        advance()
      })
  })
  isStarted = true
  out.add(stop)

  function advance(): void {
    follower.advance()
    setTimer()
  }

  function setTimer(): void {
    timer.set(watermark.nextChange(follower.next()))
  }

  /** An event of an open feed changes only when that feed is idle. The timer may be early, but not late. */
  function setTimerAfterEvent(): void {
    if (feed?.phase !== 'open') setTimer()
    else if (feed.since + time.idle < timer.due) timer.set(feed.since + time.idle)
  }

  function findFeed(name: string): Feed {
    const found = watermark.find(name)
    if (found === undefined) throw optionError(option, 'a name that progress.feed() knows', name)
    return found
  }

  return {
    watermark,
    readFeed(event) {
      const name = selectFeed(event)
      if (feed !== undefined) {
        if (name === feed.name) return
        // Feeds often send in turn.
        const { next } = feed
        if (next !== undefined && name === next.name) {
          feed = next
          return
        }
      }
      feed = findFeed(name)
    },
    // `readFeed` has found the feed. What needs no clock has a function of its own, which is small enough for V8 to inline it.
    observe:
      mayBeIdle || isBounded
        ? (timestamp) =>
            watermark.observeByClock(
              feed as Feed,
              timestamp,
              mayBeIdle ? clock.now() : 0,
              isBounded ? clock.latestTimeOfDay() : 0,
            )
        : (timestamp) => watermark.observe(feed as Feed, timestamp, 0),
    // Without `idle` events do not change how long an absent feed is waited for.
    setTimer: mayBeIdle ? setTimerAfterEvent : undefined,
    save: (writer) => watermark.save(writer),
    load(reader) {
      watermark.load(reader)
      goOnFrom(watermark.value, time)
    },
  }
}

/** If the clock of this process is behind that of the one before, every event would be late. */
function goOnFrom(watermark: number, { isByClock, clock, maxOutOfOrderness }: EventTime<never>): void {
  if (isByClock) clock.goOnFrom(watermark + maxOutOfOrderness)
}
