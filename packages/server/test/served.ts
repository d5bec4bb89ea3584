import { onTestFinished } from 'vitest'
import { createSink, type Sink } from '../src/sink.ts'
import type { SinkOptions } from '../src/sink-options.ts'
import { serve } from './serve.ts'

/** A sink, and where it is served until the test is over. */
export async function served(options?: SinkOptions): Promise<{ sink: Sink; url: string }> {
  const sink = createSink(options)
  onTestFinished(() => sink.close({ drain: 0 }))
  return { sink, url: await serve(sink.handler) }
}
