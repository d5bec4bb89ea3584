import {
  type Attributes,
  context,
  type Link,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  type TextMapPropagator,
  TraceFlags,
  type Tracer,
  trace,
} from '@opentelemetry/api'
import type { Target } from '../sink/message.ts'
import type { Publication, SinkTracing, TracedMessage } from '../sink/tracing.ts'

export interface SinkTracingOptions {
  /** Default: that of the global tracer provider. */
  readonly tracer?: Tracer
  /** What writes a span's context into a message, and reads it there. Default: the global one. */
  readonly propagator?: Pick<TextMapPropagator, 'inject' | 'extract'>
  /** Put on every span: the sink's id, say. */
  readonly attributes?: Attributes
}

/**
 * Spans by the conventions for messaging, for `createSink({ tracing: sinkTracing() })`.
 *
 * - `publish {topic}`, a producer, within the span that publishes: until the log has the message. Its context is kept
 *   with the message, so every server that shares the log has it.
 * - `deliver {topic}`, a consumer, for each tick on each server: a trace of its own, with a link to the publication of
 *   every message in it. There is none where no publication was sampled, and none for what a client is sent as it resumes.
 */
export function sinkTracing({
  tracer = trace.getTracer('@rxsse/server'),
  propagator = propagation,
  attributes: own = {},
}: SinkTracingOptions = {}): SinkTracing {
  return {
    publish({ topic, target }: Publication) {
      const span = tracer.startSpan(`publish ${topic}`, {
        kind: SpanKind.PRODUCER,
        attributes: { ...own, ...operation('publish', 'send', topic), 'rxsse.target': kindOf(target) },
      })
      const fields: Record<string, string> = {}
      propagator.inject(trace.setSpan(context.active(), span), fields, SETTER)
      return {
        fields,
        published(id) {
          if (id !== undefined) span.setAttribute('messaging.message.id', id)
          span.end()
        },
        failed(error) {
          const { name, message } =
            error instanceof Error ? error : { name: 'unknown', message: String(error) }
          span.setAttribute('error.type', name)
          span.setStatus({ code: SpanStatusCode.ERROR, message })
          span.end()
        },
      }
    },

    deliver({ delay, connections, messages }) {
      const links = messages.flatMap((message) => linkTo(message))
      if (!links.some(({ context: { traceFlags } }) => traceFlags & TraceFlags.SAMPLED)) return
      const topics = [...new Set(messages.map(({ topic }) => topic))]
      const [topic] = topics
      const name = topics.length === 1 ? `deliver ${topic}` : 'deliver'
      // The tick runs in the context of whoever published first: it is nobody's child.
      const span = tracer.startSpan(
        name,
        {
          kind: SpanKind.CONSUMER,
          startTime: Date.now() - delay,
          links,
          attributes: {
            ...own,
            ...operation('deliver', 'process', topics.length === 1 ? topic : undefined),
            'messaging.batch.message_count': messages.length,
            'rxsse.connections': connections,
          },
        },
        ROOT_CONTEXT,
      )
      span.end()
    },
  }

  function linkTo({ fields }: TracedMessage): Link[] {
    const spanContext = trace.getSpanContext(propagator.extract(ROOT_CONTEXT, fields, GETTER))
    return spanContext === undefined ? [] : [{ context: spanContext }]
  }
}

/** Of a room or a user, only that it is one: their names may be secret, and are too many. */
function kindOf(target: Target): string {
  if (target === 'all') return 'all'
  return 'room' in target ? 'room' : 'user'
}

function operation(name: string, type: string, topic: string | undefined): Attributes {
  return {
    'messaging.system': 'rxsse',
    'messaging.operation.name': name,
    'messaging.operation.type': type,
    ...(topic === undefined ? {} : { 'messaging.destination.name': topic }),
  }
}

const SETTER = {
  set(fields: Record<string, string>, key: string, value: string) {
    fields[key] = value
  },
}

const GETTER = {
  keys: (fields: TracedMessage['fields']) => Object.keys(fields),
  get: (fields: TracedMessage['fields'], key: string) => fields[key],
}
