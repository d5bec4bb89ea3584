import { type Attributes, type Meter, metrics, type ObservableResult } from '@opentelemetry/api'
import type { Sink } from '../sink/sink.ts'
import type { SinkStats } from '../sink/stats.ts'

export interface InstrumentOptions {
  /** Default: a meter of the global meter provider. */
  readonly meter?: Meter
  /** Added to every measurement, for example the sink's id. */
  readonly attributes?: Attributes
}

/**
 * Measures a sink with OpenTelemetry instruments named `rxsse.sink.*`. Its counts are read when the
 * metrics are collected. `rxsse.sink.delivery.duration` is a histogram of the time from the first
 * message of a tick to the last write. Returns a function that stops the measurement.
 */
export function instrumentSink(
  sink: Pick<Sink, 'stats' | 'deliveries$'>,
  { meter = metrics.getMeter('@rxsse/server'), attributes = {} }: InstrumentOptions = {},
): () => void {
  const stops = COUNTS.map(([key, unit, description]) => {
    const name = `rxsse.sink.${key === 'sourceErrors' ? 'source_errors' : key}`
    const onlyGrows = key !== 'connections' && key !== 'behind'
    const instrument = onlyGrows
      ? meter.createObservableCounter(name, { unit, description })
      : meter.createObservableUpDownCounter(name, { unit, description })
    const observe = (result: ObservableResult) => result.observe(sink.stats()[key], attributes)
    instrument.addCallback(observe)
    return () => instrument.removeCallback(observe)
  })
  const duration = meter.createHistogram('rxsse.sink.delivery.duration', {
    unit: 's',
    description: 'From the first message of a tick to the last write',
  })
  const deliveries = sink.deliveries$.subscribe(({ delay }) => duration.record(delay / 1_000, attributes))
  return () => {
    deliveries.unsubscribe()
    for (const stop of stops) stop()
  }
}

const COUNTS: readonly (readonly [keyof SinkStats, string, string])[] = [
  ['connections', '{connection}', 'Open connections'],
  ['behind', '{connection}', 'Connections whose client is behind'],
  ['opened', '{connection}', 'Connections opened'],
  ['published', '{message}', 'Messages accepted'],
  ['filtered', '{message}', 'Messages that the sink does not stream'],
  ['rejected', '{message}', 'Messages refused'],
  ['refused', '{entry}', 'Malformed entries of the log that were left out'],
  ['sourceErrors', '{error}', 'Errors of the pipelines'],
  ['delivered', '{message}', 'Messages handed to connections, one for each connection'],
  ['bytes', 'By', 'Bytes handed to connections'],
  ['skipped', '{message}', 'Messages that slow clients missed'],
  ['coalesced', '{message}', 'Waiting messages that newer ones replaced'],
  ['disconnected', '{connection}', 'Clients cut off for being slow'],
  ['resumed', '{connection}', 'Connections that resumed after an id'],
  ['gaps', '{connection}', 'Connections that were told of a gap'],
]
