import {
  createStage,
  rateLimit,
  type SseEvent,
  type Stage,
  tumbling,
  windowAggregate,
} from '@rxsse/operators'
import { map, type Observable, share } from 'rxjs'
import type { Messages } from '../messages/messages.ts'

const WINDOW = '5s'
const SAMPLE_LENGTH = 500

export interface AnySourceResults {
  /** The number of events of each key, in windows of arrival time. */
  readonly counts: Observable<Messages['count']>
  /** At most two events a second. */
  readonly samples: Observable<Messages['sample']>
  /** The stages of each of these, for the inspector. */
  readonly stages: Readonly<Record<string, readonly Stage[]>>
}

/**
 * Counts the events of any source by a field of their JSON data, or by event type if `by` is undefined.
 * Calls `onDropped` for each event over the sample rate; it is counted all the same.
 */
export function createAnySourcePipeline(
  events: Observable<SseEvent>,
  by: string | undefined,
  onDropped: () => void,
): AnySourceResults {
  const windows = createStage('five seconds')
  const sampled = createStage('two a second')
  const arrivals = events.pipe(
    map((event) => ({ event, key: by === undefined ? event.type : readField(event.data, by) })),
    share(),
  )
  return {
    stages: { counts: [windows], samples: [sampled] },
    counts: arrivals.pipe(
      windowAggregate(tumbling(WINDOW), {
        key: ({ key }) => key,
        aggregates: (a) => ({ count: a.count() }),
        stage: windows,
      }),
      map(({ key, window, value: { count } }) => ({ window, key, count })),
    ),
    samples: arrivals.pipe(
      rateLimit({ tokens: 2, interval: '1s', mode: 'drop', onDropped, stage: sampled }),
      map(({ event: { type, data } }) => ({ type, text: data.slice(0, SAMPLE_LENGTH) })),
    ),
  }
}

function readField(json: string, name: string): string {
  try {
    const value = (JSON.parse(json) as Record<string, unknown> | null)?.[name]
    return value === undefined ? `(no ${name})` : String(value)
  } catch {
    return '(not JSON)'
  }
}
