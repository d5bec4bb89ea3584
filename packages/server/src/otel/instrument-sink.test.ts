import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import { expect, it, onTestFinished } from 'vitest'
import { openReader } from '../../test/reader.ts'
import { serve } from '../../test/serve.ts'
import { createSink } from '../sink/sink.ts'
import { instrumentSink } from './index.ts'

it('a sink is measured with OpenTelemetry instruments', async () => {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 86_400_000 })
  const provider = new MeterProvider({ readers: [reader] })
  onTestFinished(() => provider.shutdown())
  const sink = createSink()
  onTestFinished(() => sink.close({ drain: 0 }))
  const stop = instrumentSink(sink, { meter: provider.getMeter('test'), attributes: { sink: 'a' } })
  const client = await openReader(await serve(sink.handler))
  await sink.publish({ data: 1 })
  await client.take(1)
  await reader.forceFlush()
  const collected = exporter
    .getMetrics()
    .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics))
  const values = Object.fromEntries(
    collected.map(({ descriptor, dataPoints }) => [descriptor.name, dataPoints[0]]),
  )
  expect(values['rxsse.sink.connections']).toMatchObject({ value: 1, attributes: { sink: 'a' } })
  expect(values['rxsse.sink.delivered']?.value).toBe(1)
  expect(values['rxsse.sink.delivery.duration']?.value).toMatchObject({ count: 1 })
  stop()
})
