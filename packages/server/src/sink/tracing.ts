import type { Target } from './message.ts'

/** What a message carries of the trace that it was published in: a propagator's fields, `traceparent` say. */
export type TraceFields = Readonly<Record<string, string>>

/** Follows messages from where they are published to where they are delivered, on whichever server that is. */
export interface SinkTracing {
  /** A message is published; called in the context of whoever does that. Undefined where it is not traced. */
  publish(publication: Publication): PublicationTrace | undefined
  /** A tick's messages, traced ones among them, were written to connections of this sink. */
  deliver(delivery: TracedDelivery): void
}

export interface Publication {
  /** What `match` and filters test: the message's type, unless `topic` says otherwise. */
  readonly topic: string
  readonly target: Target
}

export interface PublicationTrace {
  /** Kept with the message in the log. Readers never see them. */
  readonly fields: TraceFields
  /** The log, where there is one, has the message by this id. */
  published(id: string | undefined): void
  /** It was refused. */
  failed(error: unknown): void
}

export interface TracedDelivery {
  /** Milliseconds from the first message of the tick to the last write. */
  readonly delay: number
  /** Connections that were written to, or queued for. */
  readonly connections: number
  readonly messages: readonly TracedMessage[]
}

export interface TracedMessage {
  readonly topic: string
  readonly fields: TraceFields
}

/** Tracing whose trouble is told and costs no message. */
export function quietTracing(tracing: SinkTracing, onError: (error: unknown) => void): SinkTracing {
  return {
    publish(publication) {
      const trace = attempt(() => tracing.publish(publication))
      return (
        trace && {
          fields: trace.fields,
          published: (id) => attempt(() => trace.published(id)),
          failed: (error) => attempt(() => trace.failed(error)),
        }
      )
    },
    deliver: (delivery) => attempt(() => tracing.deliver(delivery)),
  }

  function attempt<T>(call: () => T): T | undefined {
    try {
      return call()
    } catch (error) {
      onError(error)
      return undefined
    }
  }
}
