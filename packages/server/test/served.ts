import { onTestFinished } from 'vitest'
import { createSink, type Sink } from '../src/sink/sink.ts'
import type { SinkOptions } from '../src/sink/sink-options.ts'
import { serve } from './serve.ts'

/** A sink, closed when the test is over. */
export function opened(options?: SinkOptions): Sink {
  const sink = createSink(options)
  onTestFinished(() => sink.close({ drain: 0 }))
  return sink
}

/** A sink, and where it is served until the test is over. */
export async function served(options?: SinkOptions): Promise<{ sink: Sink; url: string }> {
  const sink = opened(options)
  return { sink, url: await serve(sink.handler) }
}
