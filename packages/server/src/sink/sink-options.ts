import type { SchedulerLike } from 'rxjs'
import type { AccessOptions } from '../access/access.ts'
import type { LimitOptions } from '../access/limits.ts'
import type { HeartbeatOptions } from '../connection/heartbeat.ts'
import type { SlowClientOptions } from '../connection/slow-client.ts'
import type { Duration } from '../duration.ts'
import type { CorsOptions } from '../http/cors.ts'
import type { EventLog } from '../log/event-log.ts'
import type { EventMap } from './event-map.ts'
import type { SseMessage } from './message.ts'
import type { TopicPattern } from './topic.ts'
import type { SinkTracing } from './tracing.ts'

export interface SinkOptions<M extends SseMessage = SseMessage> extends AccessOptions {
  /** Keeps quiet connections alive; `false` for none. Default: a comment every 30 seconds. */
  readonly heartbeat?: HeartbeatOptions | false
  /** A message that opens every connection. Default: none. */
  readonly greeting?: SseMessage
  /**
   * How long clients wait before they connect again. Each is told a time of its own, from this up to twice this, so
   * that the clients of a server that is lost do not come back all at once. `false` tells them nothing, and each reader
   * waits as long as it does of itself. Default `'2s'`.
   */
  readonly retry?: Duration | false
  /** What `match` and the filter parameter test. Default: the message's type, `'message'` without one. */
  readonly topic?: (message: M) => string
  /** What this sink may stream: `'*'`, `'alert.*'`, exact topics, lists of them. Default `'*'`. */
  readonly match?: TopicPattern
  /** The query parameter by which a client asks for less: patterns too, comma-separated. Default `'event_type'`. */
  readonly filterParameter?: string
  /**
   * The types that the sink sends, each with the schema of its data: a message that is none of them, or whose
   * data its schema does not take, is refused. See `defineEvents`. Default: anything is sent.
   */
  readonly events?: EventMap
  /** Names a message at its source, for a log to keep it once. Default: what `publish` is given. */
  readonly sourceId?: (message: M) => string | undefined
  /** Keeps events, so that clients resume after `Last-Event-ID`. Default: none, and ids are the messages' own. */
  readonly log?: EventLog
  /** Which origins may read, beside the sink's own. Default: none. */
  readonly cors?: CorsOptions
  /** How many may connect. Default: no limit. */
  readonly limits?: LimitOptions
  /** What happens to clients that read more slowly than events come. */
  readonly slowClient?: SlowClientOptions
  /**
   * Take each connection away from node:http once its head is sent, so that an idle one holds little more than
   * its socket. Such a connection serves no other request, is none of the server's to close, and is closed with
   * the sink. Default: in `serveSinks` alone.
   */
  readonly takeover?: boolean
  /**
   * `'shared'`: gzip for clients that accept it, of one deflate stream for all who see the same, so that its cost
   * does not grow with them. What is one user's alone is never compressed. Needs node:zlib. Default: identity.
   */
  readonly compression?: 'shared'
  /**
   * What the end of a pipeline means: `'stay'` (the default; several may share a sink), or `'close'`, which ends
   * every stream and answers newcomers 204, so that browsers stop asking.
   */
  readonly onComplete?: 'stay' | 'close'
  /** Gets each message that was refused, and why. Such a message is also counted. Never throws into the pipeline. */
  readonly onRejected?: (message: M, error: unknown) => void
  /** Gets a pipeline's error, and those of the log and of `access`. Default: `console.error`. */
  readonly onError?: (error: unknown) => void
  /** Follows messages to their delivery: `sinkTracing()` of `@rxsse/server/otel`. Default: nothing is traced. */
  readonly tracing?: SinkTracing
  /** Drives heartbeats and deadlines. Default: `asyncScheduler`. */
  readonly scheduler?: SchedulerLike
  /** Spreads the reconnection times that clients are told: numbers from [0, 1). Default: `Math.random`. */
  readonly random?: () => number
}
