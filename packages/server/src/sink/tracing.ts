import { isPromise } from '@rxsse/shared'
import { callSafely } from './callbacks.ts'
import type { Target } from './message.ts'

/** The fields of a trace propagator that travel with a message, such as `traceparent`. */
export type TraceFields = Readonly<Record<string, string>>

/** Follows messages from the server that publishes them to every server that delivers them. */
export interface SinkTracing {
  /** Called in the publisher's context for each message. Returns undefined if it is not traced. */
  publish(publication: Publication): PublicationTrace | undefined
  /** The messages of a tick, traced ones among them, were written to connections of this sink. */
  deliver(delivery: TracedDelivery): void
}

export interface Publication {
  /** The topic that `match` and filters test: the message's type by default. */
  readonly topic: string
  readonly target: Target
}

export interface PublicationTrace {
  /** Kept with the message in the log. Clients never see them. */
  readonly fields: TraceFields
  /** The message was published under this id. With a log, the log has it. */
  published(id: string | undefined): void
  /** The message was refused. */
  failed(error: unknown): void
}

export interface TracedDelivery {
  /** Milliseconds from the first message of the tick to the last write. */
  readonly delay: number
  /** The number of connections written to, or queued for. */
  readonly connections: number
  readonly messages: readonly TracedMessage[]
}

export interface TracedMessage {
  readonly topic: string
  readonly fields: TraceFields
}

/** The same tracing, but an error goes to `onError` and never stops a message. */
export function guardTracing(tracing: SinkTracing, onError: (error: unknown) => void): SinkTracing {
  return {
    publish(publication) {
      const trace = guard(() => tracing.publish(publication))
      return (
        trace && {
          fields: trace.fields,
          published: (id) => guard(() => trace.published(id)),
          failed: (error) => guard(() => trace.failed(error)),
        }
      )
    },
    deliver: (delivery) => guard(() => tracing.deliver(delivery)),
  }

  function guard<T>(call: () => T): T | undefined {
    let result: T | undefined
    callSafely(() => {
      result = call()
      return result
    }, onError)
    return isPromise(result) ? undefined : result
  }
}
