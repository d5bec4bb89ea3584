import {
  data,
  decodeByType,
  lag,
  ofType,
  rateLimit,
  type SseEvent,
  tumbling,
  windowAggregate,
} from '@rxsse/operators'
import { concatMap, filter, map, type Observable, share } from 'rxjs'
import { bandOf } from './bands.ts'
import { feedEvents } from './events.ts'
import type { Messages } from './messages.ts'

const ALERT_MAGNITUDE = 4.5
const MOVE_THRESHOLD = 0.02

export interface ReplayResults {
  /** Each hour of event time, band by band. */
  readonly quakes: Observable<Messages['quakes']>
  /** Strong earthquakes, one in three seconds at most. */
  readonly alerts: Observable<Messages['alert']>
  readonly prices: Observable<Messages['price']>
  /** The prices that moved over the threshold since the day before. */
  readonly moves: Observable<Messages['move']>
}

/** The feed's events to what the demo shows. What no result can use is told to `dropped`, one call each. */
export function replayPipeline(events: Observable<SseEvent>, dropped: () => void): ReplayResults {
  const feed = events.pipe(decodeByType(feedEvents, { onInvalid: dropped, onUnknown: dropped }), share())
  const quakes = feed.pipe(ofType('quake'), data())
  const prices = feed.pipe(ofType('price'), data())
  return {
    quakes: quakes.pipe(
      windowAggregate(tumbling('1h'), {
        timestamp: (quake) => quake.time,
        key: (quake) => bandOf(quake.magnitude),
        late: dropped,
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
      rateLimit({ tokens: 1, interval: '3s', mode: 'drop', onDropped: dropped }),
      map(({ magnitude, place, time }) => ({ magnitude, place, time })),
    ),
    prices: prices.pipe(map(({ date, close }) => ({ date, close }))),
    moves: prices.pipe(
      // The data begins again after twenty years; the first day of a lap did not move from the last of the one before.
      lag({ key: ({ lap }) => lap }, ({ date, close }, before) => ({
        date,
        close,
        change: before === undefined ? 0 : close / before.close - 1,
      })),
      filter(({ change }) => Math.abs(change) > MOVE_THRESHOLD),
    ),
  }
}
