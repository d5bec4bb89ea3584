// The measured program: the primary publishes, and the workers serve.
import { createSink, type Sink, type SinkWorkers, serveSinks } from '@rxsse/server'
import { clusterLog } from '@rxsse/server/cluster'

export async function serveOnWorkers(workers: number): Promise<{ sink: Sink; server: SinkWorkers }> {
  const log = clusterLog()
  const sink = createSink({ log })
  // The port is announced when the log is ready, so a reader misses nothing.
  await log.head()
  return { sink, server: await serveSinks({ workers, port: 0, sinks: { prices: sink } }) }
}
