export { type InstrumentOptions, instrumentSink } from './instrument-sink.ts'
export { type SinkTracingOptions, sinkTracing } from './sink-tracing.ts'
