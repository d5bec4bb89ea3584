import {
  createStage,
  data,
  decodeByType,
  lag,
  ofType,
  rateLimit,
  type SseEvent,
  type Stage,
  tumbling,
  windowAggregate,
} from '@rxsse/operators'
import { concatMap, filter, map, type Observable, share } from 'rxjs'
import { FEED_EVENTS } from '../feed/feed-events.ts'
import { findBand } from '../messages/magnitude-bands.ts'
import type { Messages } from '../messages/messages.ts'

const ALERT_MAGNITUDE = 4.5
const MOVE_THRESHOLD = 0.02

export interface ReplayResults {
  /** One result for each hour of event time and each band. */
  readonly quakes: Observable<Messages['quakes']>
  /** Strong earthquakes, at most one every three seconds. */
  readonly alerts: Observable<Messages['alert']>
  readonly prices: Observable<Messages['price']>
  /** Prices that moved by more than the threshold since the day before. */
  readonly moves: Observable<Messages['move']>
  /** The stages of each of these, for the inspector. */
  readonly stages: Readonly<Record<string, readonly Stage[]>>
}

/** Computes the demo's results from the feed's events. Calls `onDropped` for each event that no result uses. */
export function createReplayPipeline(events: Observable<SseEvent>, onDropped: () => void): ReplayResults {
  const [decoded, hours, alerts, days] = ['decode', 'an hour by magnitude', 'alerts', 'the day before'].map(
    createStage,
  ) as [Stage, Stage, Stage, Stage]
  const feed = events.pipe(
    decodeByType(FEED_EVENTS, { onInvalid: onDropped, onUnknown: onDropped, stage: decoded }),
    share(),
  )
  const quakes = feed.pipe(ofType('quake'), data())
  const prices = feed.pipe(ofType('price'), data())
  return {
    stages: { quakes: [decoded, hours], alerts: [decoded, alerts], prices: [decoded, days] },
    quakes: quakes.pipe(
      windowAggregate(tumbling('1h'), {
        timestamp: (quake) => quake.time,
        key: (quake) => findBand(quake.magnitude),
        late: onDropped,
        stage: hours,
        aggregates: (a) => ({ count: a.count(), strongest: a.topK(1, (quake) => quake.magnitude) }),
      }),
      concatMap(({ key, window, value: { count, strongest } }) =>
        strongest.map(({ magnitude, place, time }) => ({
          window,
          band: key,
          count,
          strongest: { magnitude, place, time },
        })),
      ),
    ),
    alerts: quakes.pipe(
      filter(({ magnitude }) => magnitude >= ALERT_MAGNITUDE),
      rateLimit({ tokens: 1, interval: '3s', mode: 'drop', onDropped, stage: alerts }),
      map(({ magnitude, place, time }) => ({ magnitude, place, time })),
    ),
    prices: prices.pipe(map(({ date, close }) => ({ date, close }))),
    moves: prices.pipe(
      // The data starts over after twenty years. A lap's first day is not compared with the day before it.
      lag({ key: ({ lap }) => lap, stage: days }, ({ date, close }, before) => ({
        date,
        close,
        change: before === undefined ? 0 : close / before.close - 1,
      })),
      filter(({ change }) => Math.abs(change) > MOVE_THRESHOLD),
    ),
  }
}
