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
  /** Default: a tracer of the global tracer provider. */
  readonly tracer?: Tracer
  /** Writes a span's context into a message and reads it back. Default: the global propagator. */
  readonly propagator?: Pick<TextMapPropagator, 'inject' | 'extract'>
  /** Added to every span, for example the sink's id. */
  readonly attributes?: Attributes
}

/**
 * Spans that follow OpenTelemetry's messaging conventions: `createSink({ tracing: sinkTracing() })`.
 *
 * - `publish {topic}`, a producer span, is a child of the publisher's span and ends when the log has
 *   the message. Its context is stored with the message, for all servers that share the log.
 * - `deliver {topic}`, a consumer span, covers one tick on one server. It starts a trace and links to
 *   the publication of each message. Without a sampled publication there is no such span, nor for
 *   messages that a client receives as it resumes.
 */
export function sinkTracing({
  tracer = trace.getTracer('@rxsse/server'),
  propagator = propagation,
  attributes: extra = {},
}: SinkTracingOptions = {}): SinkTracing {
  return {
    publish({ topic, target }: Publication) {
      const span = tracer.startSpan(`publish ${topic}`, {
        kind: SpanKind.PRODUCER,
        attributes: {
          ...extra,
          ...createAttributes('publish', 'send', topic),
          'rxsse.target': describeTarget(target),
        },
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
      const links = messages.flatMap(createLink)
      if (!links.some(({ context: { traceFlags } }) => traceFlags & TraceFlags.SAMPLED)) return
      const topics = [...new Set(messages.map(({ topic }) => topic))]
      const [topic] = topics
      const name = topics.length === 1 ? `deliver ${topic}` : 'deliver'
      // The tick runs in the context of its first publisher, which must not become the parent.
      const span = tracer.startSpan(
        name,
        {
          kind: SpanKind.CONSUMER,
          startTime: Date.now() - delay,
          links,
          attributes: {
            ...extra,
            ...createAttributes('deliver', 'process', topics.length === 1 ? topic : undefined),
            'messaging.batch.message_count': messages.length,
            'rxsse.connections': connections,
          },
        },
        ROOT_CONTEXT,
      )
      span.end()
    },
  }

  function createLink({ fields }: TracedMessage): Link[] {
    const spanContext = trace.getSpanContext(propagator.extract(ROOT_CONTEXT, fields, GETTER))
    return spanContext === undefined ? [] : [{ context: spanContext }]
  }
}

/** Names of rooms and users are left out: they may be secret, and there are too many. */
function describeTarget(target: Target): string {
  if (target === 'all') return 'all'
  return target.room === undefined ? 'user' : 'room'
}

function createAttributes(name: string, type: string, topic: string | undefined): Attributes {
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
