import { createSink, memoryLog, type Sink } from '@rxsse/server'
import { interval, map } from 'rxjs'

// Hot reload and some bundlers evaluate this module several times.
const kept = globalThis as typeof globalThis & { prices?: Sink }

export function prices(): Sink {
  kept.prices ??= start()
  return kept.prices
}

function start(): Sink {
  const sink = createSink({ log: memoryLog({ capacity: 10_000 }), retry: '2s' })
  const pipeline = interval(1_000)
    .pipe(
      map((n) => ({ type: 'price', data: { symbol: 'A', value: 100 + n } })),
    )
    .subscribe(sink)
  // If the framework does not listen for the signal, nothing else exits.
  const mustExit = process.listenerCount('SIGTERM') === 0
  process.once('SIGTERM', async () => {
    pipeline.unsubscribe()
    await sink.close({ drain: '2s' })
    // The sockets get a moment for the last bytes.
    if (mustExit) setTimeout(() => process.exit(), 200)
  })
  return sink
}
