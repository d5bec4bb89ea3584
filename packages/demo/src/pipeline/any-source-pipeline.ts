import {
  createStage,
  rateLimit,
  type SseEvent,
  type Stage,
  toMessage,
  tumbling,
  windowAggregate,
} from '@rxsse/operators'
import { map, merge, type Observable, share } from 'rxjs'
import type { Message } from '../messages/messages.ts'

const WINDOW = '5s'
const SAMPLE_LENGTH = 500

export interface AnySourcePipeline {
  /**
   * - `count`: the number of events of each key, in windows of arrival time.
   * - `sample`: an event, at most two a second.
   */
  readonly results: Observable<Message>
  /** The stages of each kind of result, for the inspector. */
  readonly stages: Readonly<Record<string, readonly Stage[]>>
}

/** Counts the events of any source by a field of their JSON data, or by event type if `by` is undefined. */
export function createAnySourcePipeline(
  events: Observable<SseEvent>,
  by: string | undefined,
): AnySourcePipeline {
  const windows = createStage('five seconds')
  const sampled = createStage('two a second')
  const arrivals = events.pipe(
    map((event) => ({ event, key: by === undefined ? event.type : readField(event.data, by) })),
    share(),
  )
  const counts = arrivals.pipe(
    windowAggregate(tumbling(WINDOW), {
      key: ({ key }) => key,
      aggregates: (a) => ({ count: a.count() }),
      stage: windows,
    }),
    map(({ key, window, value: { count } }) => ({ window, key, count })),
  )
  const samples = arrivals.pipe(
    rateLimit({ tokens: 2, interval: '1s', mode: 'drop', stage: sampled }),
    map(({ event: { type, data } }) => ({ type, text: data.slice(0, SAMPLE_LENGTH) })),
  )
  return {
    stages: { counts: [windows], samples: [sampled] },
    results: merge(counts.pipe(toMessage({ type: 'count' })), samples.pipe(toMessage({ type: 'sample' }))),
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
