import { setImmediate as endOfTick } from 'node:timers/promises'
import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  ParentBasedSampler,
  type ReadableSpan,
  SimpleSpanProcessor,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-base'
import type { SseMessage } from '@rxsse/shared'
import { Subject } from 'rxjs'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { openReader, type Reader } from '../../test/reader.ts'
import { serve } from '../../test/serve.ts'
import { createTailedLog } from '../../test/tailed-log.ts'
import { createSink, type Sink } from '../sink/sink.ts'
import type { SinkOptions } from '../sink/sink-options.ts'
import { sinkTracing } from './index.ts'

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  propagation.setGlobalPropagator(new W3CTraceContextPropagator())
})

afterAll(() => {
  context.disable()
  propagation.disable()
})

/** One server's tracing, and the spans that have ended. */
function createTracing(ratio = 1) {
  const exporter = new InMemorySpanExporter()
  const provider = new BasicTracerProvider({
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
    spanProcessors: [new SimpleSpanProcessor(exporter)],
  })
  onTestFinished(() => provider.shutdown())
  const tracer = provider.getTracer('test')
  return {
    tracer,
    tracing: sinkTracing({ tracer, attributes: { sink: 'a' } }),
    spans: (kind: SpanKind): ReadableSpan[] =>
      exporter.getFinishedSpans().filter((span) => span.kind === kind),
  }
}

async function serveSink(options: SinkOptions): Promise<{ sink: Sink; read(): Promise<Reader> }> {
  const sink = createSink(options)
  onTestFinished(() => sink.close({ drain: 0 }))
  const url = await serve(sink.handler)
  return {
    sink,
    async read() {
      const before = sink.stats().opened
      const reader = await openReader(url)
      await expect.poll(() => sink.stats().opened).toBeGreaterThan(before)
      return reader
    },
  }
}

describe('a message', () => {
  it('has a publish span, a child of the publisher, and a delivery span that links to it', async () => {
    const { tracer, spans, ...options } = createTracing()
    const { sink, read } = await serveSink(options)
    const reader = await read()
    await read()
    const parent = tracer.startSpan('handle order')
    await context.with(trace.setSpan(context.active(), parent), () =>
      sink.publish({ type: 'order', data: 1, id: '7' }),
    )
    await reader.take(1)
    const [published] = spans(SpanKind.PRODUCER)
    expect(published).toMatchObject({
      name: 'publish order',
      parentSpanContext: { spanId: parent.spanContext().spanId },
      attributes: {
        sink: 'a',
        'messaging.system': 'rxsse',
        'messaging.operation.name': 'publish',
        'messaging.operation.type': 'send',
        'messaging.destination.name': 'order',
        'messaging.message.id': '7',
        'rxsse.target': 'all',
      },
    })
    const [delivered] = spans(SpanKind.CONSUMER)
    expect(delivered).toMatchObject({
      name: 'deliver order',
      parentSpanContext: undefined,
      attributes: {
        sink: 'a',
        'messaging.operation.name': 'deliver',
        'messaging.operation.type': 'process',
        'messaging.destination.name': 'order',
        'messaging.batch.message_count': 1,
        'rxsse.connections': 2,
      },
    })
    expect(delivered?.links.map((link) => link.context)).toMatchObject([
      { traceId: parent.spanContext().traceId, spanId: published?.spanContext().spanId },
    ])
    expect(reader.text()).not.toContain(parent.spanContext().traceId)
  })

  it('has a linked delivery span on another server that shares the log', async () => {
    const log = createTailedLog()
    log.start()
    const here = createTracing()
    const there = createTracing()
    const { sink } = await serveSink({ log, tracing: here.tracing })
    const other = await serveSink({ log, tracing: there.tracing })
    const reader = await other.read()
    await reader.until(({ interpret }) => interpret().lastEventId !== '')
    await sink.publish({ type: 'order', data: 1 }, { user: '42' })
    await sink.publish({ type: 'order', data: 2 })
    await log.deliver()
    await reader.take(1)
    const published = here.spans(SpanKind.PRODUCER)
    expect(published.map(({ attributes }) => attributes['rxsse.target'])).toEqual(['user', 'all'])
    // The other server has no client of user 42, so it did not deliver that message.
    expect(
      there.spans(SpanKind.CONSUMER).map(({ links }) => links.map((link) => link.context.spanId)),
    ).toEqual([[published[1]?.spanContext().spanId]])
    expect(here.spans(SpanKind.CONSUMER)).toEqual([])
  })

  it('shares one delivery span with the other messages of its tick', async () => {
    const { spans, tracer: _tracer, ...options } = createTracing()
    const { sink, read } = await serveSink(options)
    const reader = await read()
    const pipeline = new Subject<SseMessage>()
    pipeline.subscribe(sink)
    pipeline.next({ type: 'a', data: 1 })
    pipeline.next({ type: 'b', data: 2 })
    await reader.take(2)
    const [delivered, ...more] = spans(SpanKind.CONSUMER)
    expect(more).toEqual([])
    expect(delivered?.name).toBe('deliver')
    expect(delivered?.attributes['messaging.destination.name']).toBeUndefined()
    expect(delivered?.links.map((link) => link.context.spanId)).toEqual(
      spans(SpanKind.PRODUCER).map((span) => span.spanContext().spanId),
    )
  })

  it('that is refused ends its span with the reason', async () => {
    const { spans, tracer: _tracer, ...options } = createTracing()
    const { sink } = await serveSink({
      ...options,
      log: {
        append: async () => {
          throw new Error('full')
        },
        since: () => ({ entries: [], end: 0, more: false }),
        head: () => ({ id: 'a-0', offset: 0 }),
        close() {},
      },
    })
    await expect(sink.publish({ data: 1 })).rejects.toThrow('the event log did not take the message')
    expect(spans(SpanKind.PRODUCER)).toMatchObject([
      {
        name: 'publish message',
        attributes: { 'error.type': 'SinkError' },
        status: { code: SpanStatusCode.ERROR, message: 'the event log did not take the message' },
      },
    ])
  })

  it('that is not sampled has no delivery span', async () => {
    const { tracing: unsampled } = createTracing(0)
    const { tracing: sampled, spans } = createTracing()
    const { sink, read } = await serveSink({
      tracing: { publish: unsampled.publish, deliver: sampled.deliver },
    })
    const reader = await read()
    await sink.publish({ data: 1 })
    await reader.take(1)
    await endOfTick()
    expect(spans(SpanKind.CONSUMER)).toEqual([])
  })
})

it('a message is sent even if tracing throws', async () => {
  const thrown = new Error('no tracer')
  const thrower = () => {
    throw thrown
  }
  const errors: unknown[] = []
  const { sink, read } = await serveSink({
    tracing: { publish: thrower, deliver: thrower },
    onError: (error) => errors.push(error),
  })
  const reader = await read()
  await sink.publish({ data: 1 })
  await reader.take(1)
  expect(errors).toEqual([thrown])
})

describe('sinkTracing', () => {
  it('records a synchronous refusal, any thrown value, and the kind of target', async () => {
    const { tracing, spans } = createTracing()
    const failures: unknown[] = [new TypeError('wrong'), 'a fit']
    const { sink } = await serveSink({
      tracing,
      events: {
        price: {
          '~standard': {
            version: 1,
            vendor: 'a test',
            validate() {
              throw failures.shift()
            },
          },
        },
      },
    })
    for (let n = 0; n < 2; n++) {
      await sink.publish({ type: 'price', data: 1 }, { user: '42' }).catch(() => {})
    }
    expect(
      spans(SpanKind.PRODUCER).map(({ status, attributes }) => [status, attributes['error.type']]),
    ).toEqual([
      [{ code: SpanStatusCode.ERROR, message: 'wrong' }, 'TypeError'],
      [{ code: SpanStatusCode.ERROR, message: 'a fit' }, 'unknown'],
    ])
    const targets = () => spans(SpanKind.PRODUCER).map(({ attributes }) => attributes['rxsse.target'])
    expect(targets()).toEqual(['user', 'user'])
    await sink.publish({ type: 'price', data: 1 }, { room: 'r' }).catch(() => {})
    await sink.publish({ type: 'price', data: 1 }).catch(() => {})
    expect(targets().slice(2)).toEqual(['room', 'all'])
  })

  it('works without a tracer provider', async () => {
    const { sink, read } = await serveSink({ tracing: sinkTracing() })
    const reader = await read()
    await sink.publish({ data: 1 })
    expect((await reader.take(1)).map(({ data }) => data)).toEqual(['1'])
  })
})
