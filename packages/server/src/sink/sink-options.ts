import type { SseMessage } from '@rxsse/shared'
import type { StreamEndpointOptions } from '../http/stream-endpoint.ts'
import type { EventLog } from '../log/event-log.ts'
import type { Newcomers } from '../replay/newcomers.ts'
import type { EventMap } from './event-map.ts'
import type { TopicPattern } from './topic.ts'
import type { SinkTracing } from './tracing.ts'

export interface SinkOptions<M extends SseMessage = SseMessage> extends StreamEndpointOptions {
  /** A message that opens every connection. Default: none. */
  readonly greeting?: SseMessage
  /** The topic that `match` and filters test. Default: the type, `'message'` without one. */
  readonly topic?: (message: M) => string
  /** The topics to send: `'*'`, `'alert.*'`, exact topics, lists of them. Default `'*'`. */
  readonly match?: TopicPattern
  /** The query parameter that asks for fewer topics, as patterns. Default `'event_type'`. */
  readonly filterParameter?: string
  /**
   * The types that the sink sends, each with the schema of its data. A message of another type, or
   * whose data does not fit, is refused. See `defineEvents`. Default: anything is sent.
   */
  readonly events?: EventMap
  /** Names a message at its source, so that a log keeps it once. Default: none. */
  readonly sourceId?: (message: M) => string | undefined
  /** Keeps events, so that clients can resume. Default: none; ids are the messages' own. */
  readonly log?: EventLog
  /** What clients without a last event ID get from the log first. Default `'live'`: nothing. */
  readonly newcomers?: Newcomers
  /** Lets any client ask for everything that the log keeps: `?lastEventId=earliest`. Default false. */
  readonly allowEarliest?: boolean
  /**
   * `'shared'`: gzip, of one deflate stream for all clients that see the same messages. A user's
   * own messages are never compressed. Needs node:zlib. Default: identity.
   */
  readonly compression?: 'shared'
  /**
   * The effect of a pipeline's completion: none with `'stay'` (the default). `'close'` ends every
   * stream after its last event, also the stream of a client that comes back for the rest of the
   * log. A client that has everything is answered 204, so that browsers do not come back.
   */
  readonly onComplete?: 'stay' | 'close'
  /** Called with each refused message and the reason. Default: it is only counted. */
  readonly onRejected?: (message: M, error: unknown) => void
  /**
   * Called with the errors of pipelines, of the log and of callbacks. Default: `console.error`,
   * except for a `RequestError` below 500, which is the client's.
   */
  readonly onError?: (error: unknown) => void
  /** Follows messages to their delivery: `sinkTracing()` of `@rxsse/server/otel`. Default: none. */
  readonly tracing?: SinkTracing
}
