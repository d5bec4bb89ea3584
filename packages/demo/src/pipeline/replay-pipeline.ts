import {
  createStage,
  data,
  decodeByType,
  dedupe,
  lag,
  ofType,
  type SseEvent,
  type Stage,
  toMessage,
  tumbling,
  windowAggregate,
} from '@rxsse/operators'
import { filter, map, merge, mergeMap, type Observable, share } from 'rxjs'
import { FEED_EVENTS, type Quake } from '../feed/feed-events.ts'
import { findBand } from '../messages/magnitude-bands.ts'
import type { Message } from '../messages/messages.ts'

const ALERT_MAGNITUDE = 4.5
const MOVE_THRESHOLD = 0.02

export interface ReplayPipeline {
  /**
   * - `quakes`: one for each hour of event time and each band.
   * - `alert`: a strong earthquake, the first of its region within a day.
   * - `price`: each close.
   * - `move`: a close that differs from that of the day before by more than the threshold.
   */
  readonly results: Observable<Message>
  /** The stages of each kind of result, for the inspector. */
  readonly stages: Readonly<Record<string, readonly Stage[]>>
}

/** Computes the demo's results from the feed's events. `stage` makes the stages of what keeps state. */
export function createReplayPipeline(
  events: Observable<SseEvent>,
  stage: (name: string) => Stage = createStage,
): ReplayPipeline {
  const decoded = createStage('decode')
  const hours = stage('an hour by magnitude')
  const regions = stage('a day by region')
  const days = stage('the day before')

  // Its stage counts the invalid events.
  const feed = events.pipe(decodeByType(FEED_EVENTS, { onInvalid: () => {}, stage: decoded }), share())
  const quakes = feed.pipe(ofType('quake'), data())
  const prices = feed.pipe(ofType('price'), data())

  const byHour = quakes.pipe(
    windowAggregate(tumbling('1h'), {
      timestamp: (quake) => quake.time,
      key: (quake) => findBand(quake.magnitude),
      aggregates: (a) => ({ count: a.count(), strongest: a.topK(1, (quake) => quake.magnitude) }),
      stage: hours,
    }),
    mergeMap(({ key, window, value: { count, strongest } }) =>
      strongest.map((quake) => ({ window, band: key, count, strongest: describeQuake(quake) })),
    ),
  )
  const alerts = quakes.pipe(
    filter(({ magnitude }) => magnitude >= ALERT_MAGNITUDE),
    dedupe({
      key: ({ place }) => findRegion(place),
      ttl: '1d',
      timestamp: ({ time }) => time,
      stage: regions,
    }),
    map(describeQuake),
  )
  const moves = prices.pipe(
    // The data starts over after twenty years. A lap's first day is not compared with the day before it.
    lag({ key: ({ lap }) => lap, stage: days }, ({ date, close }, before) => ({
      date,
      close,
      change: before === undefined ? 0 : close / before.close - 1,
    })),
    filter(({ change }) => Math.abs(change) > MOVE_THRESHOLD),
  )
  return {
    stages: { quakes: [decoded, hours], alerts: [decoded, regions], prices: [decoded, days] },
    results: merge(
      byHour.pipe(toMessage({ type: 'quakes' })),
      alerts.pipe(toMessage({ type: 'alert' })),
      prices.pipe(
        map(({ date, close }) => ({ date, close })),
        toMessage({ type: 'price' }),
      ),
      moves.pipe(toMessage({ type: 'move' })),
    ),
  }
}

function describeQuake({ magnitude, place, time }: Quake): Pick<Quake, 'magnitude' | 'place' | 'time'> {
  return { magnitude, place, time }
}

/** `Argentina` of `55km WSW of Calingasta, Argentina`. */
export function findRegion(place: string): string {
  return place.slice(place.lastIndexOf(',') + 1).trim()
}
