import { rateLimit, type SseEvent, tumbling, windowAggregate } from '@rxsse/operators'
import { map, type Observable, share } from 'rxjs'
import type { Messages } from './messages.ts'

const WINDOW = '5s'
const SAMPLE_LENGTH = 500

export interface AnySourceResults {
  /** Events of each key, by the time of their arrival. */
  readonly counts: Observable<Messages['count']>
  /** Two events a second at most. */
  readonly samples: Observable<Messages['sample']>
}

/**
 * Whatever a source sends, counted by a field of its JSON data or, without one, by event type. An event that is one too
 * many to be a sample is told to `dropped`; it is counted all the same.
 */
export function anySourcePipeline(
  events: Observable<SseEvent>,
  by: string | undefined,
  dropped: () => void,
): AnySourceResults {
  const arrivals = events.pipe(
    map((event) => ({ event, key: by === undefined ? event.type : field(event.data, by) })),
    share(),
  )
  return {
    counts: arrivals.pipe(
      windowAggregate(tumbling(WINDOW), {
        key: ({ key }) => key,
        aggregates: (a) => ({ count: a.count() }),
      }),
      map(({ key, window, value: { count } }) => ({ window, key, count })),
    ),
    samples: arrivals.pipe(
      rateLimit({ tokens: 2, interval: '1s', mode: 'drop', onDropped: dropped }),
      map(({ event: { type, data } }) => ({ type, text: data.slice(0, SAMPLE_LENGTH) })),
    ),
  }
}

function field(json: string, name: string): string {
  try {
    const value = (JSON.parse(json) as Record<string, unknown> | null)?.[name]
    return value === undefined ? `(no ${name})` : String(value)
  } catch {
    return '(not JSON)'
  }
}
